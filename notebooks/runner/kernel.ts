import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { context, Dealer, Subscriber } from "zeromq";
import {
  type Connection,
  freeConnection,
  writeConnectionFile,
} from "./connection.ts";
import {
  type KernelDied,
  type KernelProcess,
  type KernelProgram,
  startProcess,
} from "./kernel-process.ts";
import { fromFrames, type Message, request, toFrames } from "./wire.ts";

/** A running kernel. It must be stopped; it is when this process exits. */
export interface Kernel {
  readonly pid: number | undefined;
  /** Its answer to `kernel_info_request`: language, versions. */
  readonly info: Message["content"];
  /** Settles when the process is gone, for whatever reason. */
  readonly ended: Promise<KernelDied>;
  /**
   * Runs code; `onMessage` sees what it publishes, in order, and what comes
   * of it after its reply: a timer may print or throw.
   *
   * @returns the content of `execute_reply`
   * @throws KernelDied
   */
  execute(
    code: string,
    onMessage: (message: Message) => void,
    options?: ExecuteOptions,
  ): Promise<Message["content"]>;
  /**
   * Asks for something else; settles with the content of the reply.
   *
   * @param type - of the request, as `inspect_request`
   */
  ask(type: string, content: Message["content"]): Promise<Message["content"]>;
  /**
   * Waits until nothing that cells began still runs, a second at most.
   *
   * @returns how many timers and requests still run; 1 where one of them lets
   *   nothing else have its turn
   * @throws KernelDied
   */
  settle(): Promise<number>;
  /** Asks the running code to stop, as Ctrl-C would. */
  interrupt(): void;
  /** Ends the kernel and what it started, at once. */
  kill(): void;
  /** Asks the kernel to end, and ends it when it takes too long. */
  stop(): Promise<void>;
}

export interface ExecuteOptions {
  /** Whether requests already queued are dropped after an error; yes. */
  readonly stopOnError?: boolean;
}

export interface KernelOptions extends KernelProgram {
  /** Seconds that the kernel may take to answer for the first time; 60. */
  readonly secondsToStart?: number;
}

const attempts = 3;
const secondsToStop = 3;
const secondsToSettle = 1;

/**
 * Starts a kernel and returns when it answers on all its sockets.
 *
 * A free port may be taken before the kernel binds it; then others are tried.
 */
export async function startKernel(options: KernelOptions): Promise<Kernel> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(options);
    } catch (error) {
      const lost = /address already in use/i.test(String(error));
      if (!lost || attempt === attempts) throw error;
    }
  }
}

async function startOnce(options: KernelOptions): Promise<Kernel> {
  const connection = await freeConnection("pal-lab");
  const file = writeConnectionFile(connection);
  const running = startProcess(options, file);
  const client = connect(connection, running);
  const { secondsToStart = 60 } = options;
  try {
    const info = await untilReady(client, running, secondsToStart);
    return kernelOf(client, running, info);
  } catch (cause) {
    running.send("SIGKILL");
    const { lastWords } = await running.ended;
    throw new Error(
      `startKernel: the kernel did not start: ${(cause as Error).message}` +
        (lastWords && `\n${lastWords}`),
      { cause },
    );
  }
}

function kernelOf(
  client: Client,
  running: KernelProcess,
  info: Message["content"],
): Kernel {
  return {
    pid: running.pid,
    info,
    ended: running.ended,
    async execute(code, onMessage, { stopOnError = true } = {}) {
      const content = {
        code,
        silent: false,
        store_history: true,
        user_expressions: {},
        allow_stdin: false,
        stop_on_error: stopOnError,
      };
      const reply = await client.ask("execute_request", content, onMessage);
      return reply.content;
    },
    async ask(type, content) {
      return (await client.ask(type, content)).content;
    },
    async settle() {
      const content = { seconds: secondsToSettle };
      const late = wait((secondsToSettle + secondsToStop) * 1000, undefined, {
        ref: false,
      });
      const asked = client.ask("pal_settle_request", content);
      const reply = await Promise.race([asked, late]);
      asked.catch(() => {
        // It came too late; what ends the kernel is told by `ended`.
      });
      return reply === undefined ? 1 : Number(reply.content.left);
    },
    interrupt: () => running.send("SIGINT"),
    kill: () => running.send("SIGKILL"),
    async stop() {
      client.ask("shutdown_request", { restart: false }).catch(() => {
        // Its end, awaited below, is the answer.
      });
      const late = wait(secondsToStop * 1000, "late", { ref: false });
      if ((await Promise.race([running.ended, late])) === "late") {
        running.send("SIGKILL");
        await running.ended;
      }
    },
  };
}

/** Asks until an answer came on both sockets: then both are connected. */
async function untilReady(
  client: Client,
  running: KernelProcess,
  seconds: number,
): Promise<Message["content"]> {
  const deadline = performance.now() + seconds * 1000;
  const answers: Promise<Message>[] = [];
  while (performance.now() < deadline) {
    if (/EADDRINUSE|Address already in use/i.test(running.lastWords())) {
      throw new Error("address already in use");
    }
    answers.push(client.ask("kernel_info_request", {}));
    const later = wait(250).then(() => undefined);
    const answer = await Promise.race([...answers, later]);
    if (answer !== undefined) return answer.content;
  }
  throw new Error(`expected an answer within ${seconds} s, got none`);
}

interface Client {
  /** Sends a request; settles when its reply came and its outputs ended. */
  ask(
    type: string,
    content: Message["content"],
    onMessage?: (message: Message) => void,
  ): Promise<Message>;
}

interface Asked {
  readonly onMessage: (message: Message) => void;
  readonly resolve: (reply: Message) => void;
  readonly reject: (error: Error) => void;
  reply?: Message;
  idle?: boolean;
}

const ignore = () => undefined;

function connect(connection: Connection, running: KernelProcess): Client {
  const { ip, iopub_port, key, shell_port } = connection;
  const session = randomUUID();
  context.blocky = false; // the program may exit with a message unsent
  const shell = new Dealer({ routingId: session, linger: 0 });
  const iopub = new Subscriber({ receiveHighWaterMark: 0, linger: 0 });
  shell.connect(`tcp://${ip}:${shell_port}`);
  iopub.connect(`tcp://${ip}:${iopub_port}`);
  iopub.subscribe();

  const waiting = new Map<string, Asked>();
  const answered = new Map<string, Asked>();
  let over: Error | undefined;
  const end = (error: Error) => {
    over ??= error;
    for (const asked of waiting.values()) asked.reject(over);
    waiting.clear();
    shell.close();
    iopub.close();
  };

  const receive = async (socket: Dealer | Subscriber) => {
    for await (const frames of socket) {
      const message = fromFrames(frames, key);
      const id = message.parent.msg_id ?? "";
      const asked = waiting.get(id);
      if (asked === undefined) {
        if (socket === iopub) answered.get(id)?.onMessage(message);
        continue;
      }
      if (socket === shell) asked.reply = message;
      else if (message.content.execution_state === "idle") asked.idle = true;
      else asked.onMessage(message);
      if (asked.reply === undefined || !asked.idle) continue;
      waiting.delete(id);
      if (asked.onMessage !== ignore) answered.set(id, asked);
      asked.resolve(asked.reply);
    }
  };
  receive(shell).catch(end);
  receive(iopub).catch(end);
  running.ended.then(end);

  return {
    ask: (type, content, onMessage = ignore) =>
      new Promise((resolve, reject) => {
        if (over) {
          reject(over);
          return;
        }
        const message = request(type, content, session);
        waiting.set(message.header.msg_id, { onMessage, resolve, reject });
        shell.send(toFrames(message, key)).catch(reject);
      }),
  };
}
