import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Answer, Task } from "./tasks.ts";

/** A training in a process of its own, which takes steps when asked. */
export interface Contender {
  readonly task: Task;
  take(steps: number): Promise<Answer>;
  end(): Promise<void>;
}

const here = import.meta.dirname;

/**
 * Starts a contender: ours, or PyTorch in the Python that `PAL_PYTHON` names.
 *
 * @param environment - variables to add
 */
export function openContender(task: Task, environment = {}): Contender {
  const child = spawn(...commandOf(task), {
    env: { ...process.env, ...environment },
  });
  const stop = () => child.kill();
  process.once("exit", stop);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  let complaint = "";
  child.stderr.on("data", (text) => {
    complaint = (complaint + text).slice(-20_000);
  });
  return {
    task,
    take: async (steps) => {
      child.stdin.write(`${JSON.stringify({ steps })}\n`);
      const { done, value } = await lines.next();
      if (!done) return JSON.parse(value);
      throw failure(task, complaint);
    },
    end: async () => {
      process.off("exit", stop);
      await ended(child);
    },
  };
}

function commandOf(task: Task): [string, string[]] {
  const text = JSON.stringify(task);
  if (task.mode.startsWith("graph")) {
    const options = ["--expose-gc", "--import", "tsx"];
    return [process.execPath, [...options, join(here, "child.ts"), text]];
  }
  const script = join(here, "..", "python", "train.py");
  return [process.env.PAL_PYTHON ?? "python3", [script, text]];
}

async function ended(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.stdin.end();
  await once(child, "close");
}

function failure({ config, mode, size }: Task, complaint: string): Error {
  const lines = complaint.trim().split("\n");
  const line = lines.findLast((one) => /^\w*Error\b/.test(one)) ?? lines.at(-1);
  return new Error(
    `train: expected steps of ${config.variant.name}, ${size}, ${mode}, ` +
      `got: ${line}`,
  );
}
