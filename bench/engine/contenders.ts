import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Measurement, Mode, Task } from "./tasks.ts";

/** One column of the comparison: an engine, or a peer. */
export interface Contender {
  readonly name: string;
  readonly description: string;
  readonly modes: readonly Mode[];
  /** Runs a task in a process of its own. */
  measure(task: Task): Measurement;
}

const here = import.meta.dirname;
const smallest: Task = { kind: "matmul", n: 8, repeats: 1 };

/** Those that run here; `passOver` hears why the others do not. */
export function findContenders(
  passOver: (line: string) => void,
): readonly Contender[] {
  const graphs: readonly Mode[] = ["eager", "graph", "graph + XLA"];
  const wanted = [
    engine("tensorflow", graphs),
    engine("tensorflow-gpu", graphs),
    engine("webgpu", ["eager"]),
    engine("wasm", ["eager"]),
    python("PyTorch", "engine.py", ["eager", "torch.compile"]),
    python("JAX", "engine_jax.py", ["jax.jit"]),
  ];
  return wanted.flatMap((candidate) => {
    try {
      const { description } = candidate.measure(smallest);
      if (description.includes("software device")) {
        passOver(`${candidate.name} passed over: ${description}`);
        return [];
      }
      return [{ ...candidate, description }];
    } catch (error) {
      const reason = (error as Error).message;
      passOver(`${candidate.name} passed over: ${reason}`);
      return [];
    }
  });
}

function engine(name: string, modes: readonly Mode[]): Contender {
  const script = ["--import", "tsx", join(here, "child.ts"), name];
  const measure = (task: Task) =>
    answer(
      spawnSync(process.execPath, [...script, JSON.stringify(task)], {
        encoding: "utf8",
      }),
    );
  return { name, description: "", modes, measure };
}

/** A peer in the Python that `PAL_PYTHON` names. */
function python(name: string, file: string, modes: readonly Mode[]): Contender {
  const python = process.env.PAL_PYTHON ?? "python3";
  const script = join(here, "..", "python", file);
  const measure = (task: Task) =>
    answer(
      spawnSync(python, [script, JSON.stringify(task)], { encoding: "utf8" }),
    );
  return { name, description: "", modes, measure };
}

function answer(child: SpawnSyncReturns<string>): Measurement {
  if (child.error) throw child.error;
  if (child.status === 0) return JSON.parse(child.stdout.trim());
  const lines = child.stderr.trim().split("\n");
  const line = lines.findLast((one) => /^\w*Error\b/.test(one)) ?? lines.at(-1);
  throw new Error(line ?? `ended with ${child.status ?? child.signal}`);
}
