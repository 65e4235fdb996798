import { createRequire } from "node:module";
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from "node:worker_threads";

/** What one template may take: it is a file of someone else's. */
const most = {
  milliseconds: 2000,
  megabytes: 256,
  characters: 10_000_000, // written
};
/** For the thread to start, on a busy machine. */
const patience = 60_000; // ms

interface Thread {
  readonly worker: Worker;
  readonly port: MessagePort;
  /** 1 when an answer is there. */
  readonly answered: Int32Array;
}

interface Request {
  readonly source: string;
  /** Left out to parse alone. */
  readonly values?: object;
}

type Answer = { readonly text: string } | { readonly error: string };

let open: Thread | undefined;

/**
 * What a Jinja template writes, made in a thread that can be stopped; empty
 * where there are no values, after parsing.
 *
 * One thread serves a process, and another one follows when it had to be
 * stopped.
 *
 * @throws Error with the template's own complaint, or where it takes more than
 * 2 s or 256 MB, or writes more than 10 million characters
 */
export function renderJinja(source: string, values?: object): string {
  open ??= start();
  const answer = ask(open, { source, values }, most.milliseconds);
  if (answer === undefined) {
    stop();
    throw new Error(
      `expected a template that is done within ${most.milliseconds / 1000} s ` +
        `and ${most.megabytes} MB, got one that goes on; it was stopped`,
    );
  }
  if ("error" in answer) throw new Error(answer.error);
  return answer.text;
}

function stop(): void {
  void open?.worker.terminate();
  open = undefined;
}

function start(): Thread {
  const { port1: port, port2 } = new MessageChannel();
  const answered = new Int32Array(new SharedArrayBuffer(4));
  const jinja = createRequire(import.meta.url).resolve("@huggingface/jinja");
  const worker = new Worker(program, {
    eval: true,
    execArgv: [],
    workerData: { answered, characters: most.characters, jinja, port: port2 },
    transferList: [port2],
    resourceLimits: { maxOldGenerationSizeMb: most.megabytes },
  });
  // Told by the answer that does not come.
  worker.on("error", stop);
  worker.unref();
  const thread = { worker, port, answered };
  if (ask(thread, undefined, patience) === undefined) {
    void worker.terminate();
    throw new Error(`expected a thread within ${patience / 1000} s, got none`);
  }
  return thread;
}

/** The thread's answer, or undefined when it is late. Waits for it. */
function ask(
  { answered, port }: Thread,
  request: Request | undefined,
  milliseconds: number,
): Answer | undefined {
  if (request) {
    Atomics.store(answered, 0, 0);
    port.postMessage(request);
  }
  Atomics.wait(answered, 0, 0, milliseconds);
  return receiveMessageOnPort(port)?.message as Answer | undefined;
}

/** JavaScript as it is, which needs no loader in the thread. */
const program = `
const { workerData } = require("node:worker_threads");
const { answered, characters, jinja, port } = workerData;
const { Template } = require(jinja);
const templates = new Map();

function render({ source, values }) {
  let template = templates.get(source);
  if (!template) templates.set(source, (template = new Template(source)));
  const text = values ? template.render(values) : "";
  if (text.length <= characters) return { text };
  return {
    error:
      "expected at most " + characters + " characters, got " + text.length,
  };
}

function answer(value) {
  port.postMessage(value);
  Atomics.store(answered, 0, 1);
  Atomics.notify(answered, 0);
}

port.on("message", (request) => {
  try {
    answer(render(request));
  } catch (error) {
    answer({ error: String(error && error.message) });
  }
});
answer({ text: "ready" });
`;
