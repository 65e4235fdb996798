import { Worker } from "node:worker_threads";
import type { Hearing, Job, JobResult } from "./job.ts";

/** A thread from the worker's file beside this one. */
function hire(): Worker {
  const worker = isSource
    ? new Worker(bootstrap(), { eval: true, execArgv: [], stderr: true })
    : new Worker(entry, { stderr: true });
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

/**
 * Worker threads that share a queue; a thread that fails is replaced.
 *
 * Ours: workerpool 10.0.3 and tinypool 2.2.0 never run the jobs behind threads
 * that exit, nor do piscina 5.3.2 and tinypool behind a throw outside a job. The
 * latter two count patience from the queue on: of eight jobs of 150 ms on two
 * threads, 400 ms each, they answer two and four.
 */
export class Crew {
  readonly #idle: Worker[] = [];
  readonly #busy = new Set<Worker>();
  readonly #waiting: ((worker: Worker | undefined) => void)[] = [];
  readonly #size: number;
  readonly #patience: number;
  #closed = false;

  /** @param patience - milliseconds after which a job's thread is ended */
  constructor(size: number, patience: number) {
    this.#size = size;
    this.#patience = patience;
  }

  /** Runs a job as soon as a thread is free. */
  async run(job: Job): Promise<Hearing> {
    const worker = await this.#take();
    if (worker === undefined) throw new Error("Crew: expected to be open");
    const outcome = await ask(worker, job, this.#patience);
    this.#busy.delete(worker);
    if ("fault" in outcome) {
      await worker.terminate();
      this.#pass(undefined);
      throw new Error(`hearFiles: ${outcome.fault} (${job.path})`);
    }
    this.#pass(worker);
    if ("hearing" in outcome) return outcome.hearing;
    const { message, name } = outcome.error;
    throw name === "RangeError" ? new RangeError(message) : new Error(message);
  }

  /** Ends every thread, at work or not. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const next of this.#waiting.splice(0)) next(undefined);
    const workers = [...this.#idle.splice(0), ...this.#busy];
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  async #take(): Promise<Worker | undefined> {
    if (this.#closed) return undefined;
    const free = this.#idle.pop();
    if (free !== undefined) return this.#start(free);
    if (this.#busy.size < this.#size) return this.#start(hire());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #start(worker: Worker): Worker {
    this.#busy.add(worker);
    return worker;
  }

  /** Hands a thread on to the next job; a new one for one that was ended. */
  #pass(worker: Worker | undefined): void {
    if (this.#closed) return;
    const next = this.#waiting.shift();
    if (next !== undefined) next(this.#start(worker ?? hire()));
    else if (worker !== undefined) this.#idle.push(worker);
  }
}

type Outcome = JobResult | { readonly fault: string };

/** One question, one answer; or how the thread failed. */
function ask(worker: Worker, job: Job, patience: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const settle = (outcome: Outcome) => {
      clearTimeout(timer);
      worker.off("message", settle).off("error", fail).off("exit", end);
      resolve(outcome);
    };
    const fail = (error: Error) =>
      settle({ fault: `expected an answer, got ${error.message}` });
    const end = (code: number) =>
      settle({ fault: `expected an answer, got the thread's end (${code})` });
    const timer = setTimeout(
      () => settle({ fault: `expected an answer within ${patience} ms` }),
      patience,
    );
    worker.on("message", settle).on("error", fail).on("exit", end);
    worker.postMessage(job);
  });
}
