import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { join } from "node:path";
import type { TapCost } from "./taps.ts";
import type { Measurement, Task } from "./tasks.ts";

/** Runs a task in a process of its own. */
export type Measure = (task: Task) => Measurement;

const here = import.meta.dirname;

/** Ours: the step as a TensorFlow graph. */
export const ours: Measure = (task) => runNode("child.ts", task);

/** What taps cost where nobody listens. */
export const tapCost = (task: Task): TapCost => runNode("taps.ts", task);

/** The same step in PyTorch, in the Python that `PAL_PYTHON` names. */
export const pytorch: Measure = (task) => {
  const python = process.env.PAL_PYTHON ?? "python3";
  const script = join(here, "..", "python", "step.py");
  const options = { encoding: "utf8" } as const;
  return answer(spawnSync(python, [script, JSON.stringify(task)], options));
};

function runNode<A>(file: string, task: Task): A {
  const script = ["--import", "tsx", join(here, file), JSON.stringify(task)];
  return answer(spawnSync(process.execPath, script, { encoding: "utf8" }));
}

function answer<A>(child: SpawnSyncReturns<string>): A {
  if (child.error) throw child.error;
  if (child.status === 0) return JSON.parse(child.stdout.trim());
  const lines = child.stderr.trim().split("\n");
  const line = lines.findLast((one) => /^\w*Error\b/.test(one)) ?? lines.at(-1);
  throw new Error(line ?? `ended with ${child.status ?? child.signal}`);
}
