import { Worker } from "node:worker_threads";
import type { Answer } from "./worker.ts";
import type { Workplace } from "./workplace.ts";

export interface CrewOptions {
  /** Threads at most. */
  readonly size: number;
  /** Milliseconds after which a job's thread is ended. */
  readonly patience: number;
}

/** A thread that failed instead of answering; its cause where there is one. */
export class ThreadFault extends Error {}

/**
 * Worker threads that share a queue; a thread that fails is replaced.
 *
 * Ours: workerpool 10.0.3 and tinypool 2.2.0 never run the jobs behind threads
 * that exit, nor do piscina 5.3.2 and tinypool behind a throw outside a job. The
 * latter two count patience from the queue on: of eight jobs of 150 ms on two
 * threads, 400 ms each, they answer two and four.
 */
export class Crew<Job, Result> {
  readonly #idle: Thread<Job, Result>[] = [];
  readonly #busy = new Set<Thread<Job, Result>>();
  readonly #waiting: ((thread: Thread<Job, Result> | undefined) => void)[] = [];
  readonly #workplace: Workplace;
  readonly #options: CrewOptions;
  #closed = false;

  constructor(workplace: Workplace, options: CrewOptions) {
    this.#workplace = workplace;
    this.#options = options;
  }

  /**
   * Runs a job as soon as a thread is free; jobs begin in the order of calls.
   *
   * @throws what the job threw; ThreadFault where its thread ended, threw
   * outside a job or took too long
   */
  async run(job: Job): Promise<Result> {
    const thread = await this.#take();
    if (thread === undefined) throw new Error("Crew: expected to be open");
    const outcome = await thread.ask(job, this.#options.patience);
    this.#busy.delete(thread);
    if (outcome instanceof ThreadFault) {
      await thread.end();
      this.#pass(undefined);
      throw outcome;
    }
    this.#pass(thread);
    if ("error" in outcome) throw outcome.error;
    return outcome.result;
  }

  /** Ends every thread, at work or not. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const next of this.#waiting.splice(0)) next(undefined);
    const threads = [...this.#idle.splice(0), ...this.#busy];
    await Promise.all(threads.map((thread) => thread.end()));
  }

  async #take(): Promise<Thread<Job, Result> | undefined> {
    if (this.#closed) return undefined;
    const free = this.#idle.pop();
    if (free !== undefined) return this.#start(free);
    if (this.#busy.size < this.#options.size) return this.#start(this.#hire());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #hire(): Thread<Job, Result> {
    return new Thread(this.#workplace);
  }

  #start(thread: Thread<Job, Result>): Thread<Job, Result> {
    this.#busy.add(thread);
    return thread;
  }

  /** Hands a thread on to the next job; a new one for one that was ended. */
  #pass(thread: Thread<Job, Result> | undefined): void {
    if (this.#closed) return;
    const next = this.#waiting.shift();
    if (next !== undefined) next(this.#start(thread ?? this.#hire()));
    else if (thread !== undefined) this.#idle.push(thread);
  }
}

type Outcome<Result> = Answer<Result> | ThreadFault;

/** A worker that is asked one job at a time. */
class Thread<Job, Result> {
  readonly #worker: Worker;
  /** Why it answers no more: told to the next job, where it was idle then. */
  #fault: ThreadFault | undefined;
  #settle: ((outcome: Outcome<Result>) => void) | undefined;

  constructor(workplace: Workplace) {
    this.#worker = hire(workplace);
    this.#worker
      .on("message", (answer: Answer<Result>) => this.#settle?.(answer))
      .on("messageerror", (error) => this.#fail(error.message, error))
      .on("error", (error) => this.#fail(error.message, error))
      .on("exit", (code) => this.#fail(`the thread's end (${code})`));
  }

  ask(job: Job, patience: number): Promise<Outcome<Result>> {
    return new Promise((resolve) => {
      const tooLate = new ThreadFault(
        `expected an answer within ${patience} ms`,
      );
      const settle = (outcome: Outcome<Result>) => {
        clearTimeout(timer);
        this.#settle = undefined;
        resolve(outcome);
      };
      // Where this thread was at work the answer may be there: it goes first.
      const timer = setTimeout(() => {
        setImmediate(() => {
          if (this.#settle === settle) settle(tooLate);
        });
      }, patience);
      this.#settle = settle;
      if (this.#fault) settle(this.#fault);
      else this.#worker.postMessage(job);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(got: string, cause?: Error): void {
    this.#fault ??= new ThreadFault(
      `expected an answer, got ${got}`,
      cause && { cause },
    );
    this.#settle?.(this.#fault);
  }
}

function hire(workplace: Workplace): Worker {
  const options = { workerData: workplace, stderr: true };
  const worker = isSource
    ? new Worker(bootstrap(), { ...options, eval: true, execArgv: [] })
    : new Worker(entry, options);
  // Codecs print what they skip; the answer tells what matters of it.
  worker.stderr.resume();
  return worker;
}

const isSource = import.meta.url.endsWith(".ts");
const entry = new URL(isSource ? "worker.ts" : "worker.js", import.meta.url);

/** A thread of Node 20 does not inherit the loader that reads TypeScript. */
function bootstrap(): string {
  const loader = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const worker = JSON.stringify(entry.href);
  return (
    `import(${loader}).then(({ register }) => ` +
    `{ register(); return import(${worker}); })`
  );
}
