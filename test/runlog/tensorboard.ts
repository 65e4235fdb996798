import { execFileSync } from "node:child_process";

/** Prints each tag's steps and values, as TensorBoard reads a run's folder. */
const reader = `
import json, sys
from tensorboard.backend.event_processing import event_accumulator
run = event_accumulator.EventAccumulator(sys.argv[1])
run.Reload()
tags = run.Tags()["scalars"]
print(json.dumps({t: [[e.step, e.value] for e in run.Scalars(t)] for t in tags}))
`;

/** Why TensorBoard can not be asked, or false where it can. */
export function whyNoTensorboard(): string | false {
  const { PAL_PYTHON } = process.env;
  if (!PAL_PYTHON) return "PAL_PYTHON names no Python";
  try {
    const ask = ["-c", "import tensorboard"];
    execFileSync(PAL_PYTHON, ask, { stdio: "pipe" });
    return false;
  } catch {
    return `${PAL_PYTHON} has no tensorboard`;
  }
}

/** Steps and values of a folder's tags, as the real TensorBoard reads them. */
export function readByTensorboard(
  folder: string,
): Record<string, [step: number, value: number][]> {
  const options = { encoding: "utf8", stdio: "pipe" } as const;
  const args = ["-c", reader, folder];
  return JSON.parse(execFileSync(process.env.PAL_PYTHON!, args, options));
}
