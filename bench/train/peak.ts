import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { flopsOf, type Measurement, type Task } from "../engine/tasks.ts";

const bench = join(import.meta.dirname, "..");

/** Products of both sides, each in a process of its own. */
const sizes = [1024, 2048];

/**
 * GFLOP/s of the fastest matrix product that TensorFlow or PyTorch makes here:
 * the processor's measured peak.
 */
export function productPeak(): number {
  const python = process.env.PAL_PYTHON ?? "python3";
  const child = join(bench, "engine", "child.ts");
  const sides: (readonly [string, readonly string[]])[] = [
    [process.execPath, ["--import", "tsx", child, "tensorflow"]],
    [python, [join(bench, "python", "engine.py")]],
  ];
  const rates = sides.flatMap(([command, args]) =>
    sizes.map((n) => {
      const task: Task = { kind: "matmul", n, repeats: n > 1024 ? 6 : 20 };
      const { times } = ask(command, [...args, JSON.stringify(task)]);
      return flopsOf(task) / Math.min(...times) / 1e6;
    }),
  );
  return Math.max(...rates);
}

function ask(command: string, args: readonly string[]): Measurement {
  const child = spawnSync(command, args, { encoding: "utf8" });
  if (child.error) throw child.error;
  if (child.status === 0) return JSON.parse(child.stdout.trim());
  const [line] = child.stderr.trim().split("\n").slice(-1);
  throw new Error(`train: expected a product from ${command}, got: ${line}`);
}
