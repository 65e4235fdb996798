import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { GridRun } from "../train/grid/grid.ts";
import type { GridTrainer } from "../train/grid/train-grid.ts";
import { Busy } from "../train/run/busy.ts";
import type { Answer, Ask, GridOrder, Tell, Told } from "./grid-messages.ts";

export interface CrewOptions {
  /** Processes. */
  readonly size: number;
  /** What their environment has besides this one's. */
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
  readonly onBegin: (run: GridRun) => void;
  readonly onStep: (run: GridRun, told: Told) => void;
}

/** A process, and the run that it is at. */
interface Worker {
  readonly process: ChildProcess;
  run?: GridRun;
}

const isSource = import.meta.url.endsWith(".ts");
const entry = new URL(
  isSource ? "grid-worker.ts" : "grid-worker.js",
  import.meta.url,
);

/**
 * Trains a grid's runs in processes of their own, one run in each at a time.
 *
 * One that ends fails its run alone: the next run gets a new one.
 */
export function openGridCrew(
  order: GridOrder,
  options: CrewOptions,
): GridTrainer {
  const { environment, report, signal, size } = options;
  const idle: Worker[] = [];
  const all = new Set<Worker>();
  const seen = new Set<string>();

  const hear = (worker: Worker, message: Tell) => {
    if (message.kind === "line") {
      // Each says what all have in common, such as their engine.
      const isShared = worker.run === undefined && seen.has(message.line);
      if (!isShared) report(message.line);
      seen.add(message.line);
    } else if (message.kind === "begin") options.onBegin(worker.run!);
    else if (message.kind === "step") {
      options.onStep(worker.run!, message.told);
    }
  };
  const hire = async (): Promise<Worker> => {
    const child = fork(entry, [JSON.stringify(order)], {
      env: { ...process.env, ...environment },
      // What it prints is no part of this process's output.
      stdio: ["ignore", 2, 2, "ipc"],
    });
    const worker: Worker = { process: child };
    all.add(worker);
    child.once("exit", () => {
      all.delete(worker);
      if (idle.includes(worker)) idle.splice(idle.indexOf(worker), 1);
    });
    child.on("message", (message: Tell) => hear(worker, message));
    const answer = await answerOf(child, "to be ready");
    if (answer.kind === "done") return worker;
    throw new Error(answer.message);
  };
  const stop = () => {
    for (const { process } of all) send(process, { kind: "stop" });
  };
  signal.addEventListener("abort", stop);
  return {
    open: async () => {
      const hired = Array.from({ length: size }, hire);
      idle.push(...(await Promise.all(hired)));
    },
    train: async (run) => {
      const worker = idle.pop() ?? (await hire());
      worker.run = run;
      const { design, seed } = run;
      const name = { design: design.name, seed };
      send(worker.process, { kind: "train", run: name });
      const answer = await answerOf(worker.process, `to train ${name.design}`);
      worker.run = undefined;
      idle.push(worker);
      if (answer.kind === "busy") throw new Busy(answer.message);
      if (answer.kind === "failed") throw new Error(answer.message);
    },
    close: async () => {
      signal.removeEventListener("abort", stop);
      const exits = [...all].map(({ process }) => once(process, "exit"));
      for (const { process } of all) {
        if (process.connected) process.disconnect();
      }
      await Promise.all(exits);
    },
  };
}

function send(process: ChildProcess, ask: Ask): void {
  if (process.connected) process.send(ask);
}

/** The answer that is awaited, or an Error where the process ends before. */
function answerOf(process: ChildProcess, what: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      process.off("message", hear).off("exit", end).off("error", fail);
    };
    const hear = (message: Tell) => {
      if (!isAnswer(message)) return;
      settle();
      resolve(message);
    };
    const fail = (cause: unknown) => {
      settle();
      reject(cause);
    };
    const end = (code: number | null, signal: string | null) =>
      fail(
        new Error(
          `grid: expected a process ${what}, got its end ` +
            `(${signal ?? `exit ${code}`}); the same command goes on`,
        ),
      );
    process.on("message", hear).on("exit", end).on("error", fail);
  });
}

const isAnswer = (message: Tell): message is Answer =>
  ["done", "busy", "failed"].includes(message.kind);
