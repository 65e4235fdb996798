/**
 * `npm run bench -- engine [rounds]`: every engine that can be had here, with
 * PyTorch and JAX from the Python that `PAL_PYTHON` names, on the same tasks.
 *
 * Fails, and keeps nothing, where first losses differ: then the contenders
 * train different models.
 *
 * Each measurement has a process of its own; rounds go through all of them, so
 * that whatever else the machine does hits all alike.
 */
import { type Contender, findContenders } from "./engine/contenders.ts";
import type { Part } from "./engine/parts.ts";
import {
  keep,
  load,
  lossDifference,
  machine,
  type Result,
  type Row,
  rowsOf,
  textTable,
} from "./engine/report.ts";
import { type Mode, type Size, sizes, type Task } from "./engine/tasks.ts";

/** Compiled TensorFlow over the fastest peer, on every size. */
const goal = 1.2;
/** Relative. */
const lossTolerance = 1e-5;

interface Plan {
  readonly contender: Contender;
  readonly task: Task;
  readonly result: Result;
}

function plans(contenders: readonly Contender[]): Plan[] {
  const plan = (contender: Contender, mode: Mode, task: Task): Plan => ({
    contender,
    task,
    result: { task, contender: contender.name, mode, times: [] },
  });
  const products = [256, 1024].flatMap((n) =>
    contenders.map((contender) =>
      plan(contender, "eager", {
        kind: "matmul",
        n,
        repeats: n < 512 ? 40 : 12,
      }),
    ),
  );
  const training = sizes.flatMap((size) =>
    contenders.flatMap((contender) =>
      contender.modes.map((mode) =>
        plan(contender, mode, trainTask(size, mode, contender.name)),
      ),
    ),
  );
  return [...products, ...training];
}

function trainTask(size: Size, mode: Mode, contender: string): Task {
  const isSlow = contender === "wasm" || contender === "webgpu";
  const steps = (size.name === "1M" ? 20 : 6) / (isSlow ? 2 : 1);
  return { kind: "train", size, mode, warmUp: isSlow ? 2 : 4, steps };
}

/** One line for each size and graph; the goal is met only by both measures. */
function verdictOf(rows: readonly Row[]): string[] {
  return sizes.flatMap(({ name }) => {
    const graphs = rows.filter(
      (row) => row.task.startsWith(`train ${name}`) && /^graph/.test(row.mode),
    );
    return graphs.flatMap((row) => {
      const { contender, mode, share, timesPeer, timesPeerAtBest = 0 } = row;
      if (timesPeer === undefined) return [];
      const worse = Math.min(timesPeer, timesPeerAtBest);
      return [
        `${name}, ${contender} ${mode}: ${timesPeer.toFixed(2)} x the fastest ` +
          `peer by medians, ${timesPeerAtBest.toFixed(2)} by minima; ` +
          `${(100 * share).toFixed(0)} % of the product peak; ` +
          `goal ${goal} ${worse >= goal ? "met" : "missed"}`,
      ];
    });
  });
}

/** Where a step's time goes: its parts compiled alone, by minima. */
function sharesOn({ measure, modes, name }: Contender): string[] {
  const graphs = modes.filter((mode) => mode.startsWith("graph"));
  return sizes.flatMap((size) =>
    graphs.map((mode) => {
      const fastest = (task: Task) => Math.min(...measure(task).times);
      const alone = (part: Part) =>
        fastest({ kind: "part", part, size, mode, repeats: 30 });
      const step = fastest({
        ...trainTask(size, mode, name),
        steps: 30,
      } as Task);
      const [gradients, forward] = [alone("gradients"), alone("forward")];
      const share = (ms: number) => `${((100 * ms) / step).toFixed(0)} %`;
      return (
        `${size.name}, ${name} ${mode}: of ${step.toFixed(1)} ms forward ` +
        `${share(forward)}, backward ${share(gradients - forward)}, AdamW ` +
        `with clipping ${share(step - gradients)}; its matrix products alone ` +
        `would take ${share(alone("products"))} (parts compiled alone, minima)`
      );
    }),
  );
}

export async function run([rounds = "3"]: readonly string[]): Promise<void> {
  const started = load();
  const { cpu, vectors } = machine();
  console.log(`${cpu}, ${vectors}, load at the start: ${started}`);
  const contenders = findContenders(console.log);
  const all = plans(contenders);
  for (let round = 1; round <= Number(rounds); round++) {
    for (const { contender, result, task } of all) {
      const { firstLoss, times } = contender.measure(task);
      result.times.push(...times);
      Object.assign(result, { firstLoss });
    }
    console.log(`round ${round} of ${rounds} done, load ${load()}`);
  }
  const shares = contenders.flatMap((contender) => sharesOn(contender));
  const rows = rowsOf(all.map(({ result }) => result));
  const difference = lossDifference(rows);
  const verdict = [
    ...verdictOf(rows),
    ...shares,
    `largest relative difference of a first loss: ${difference.toExponential(1)}`,
  ];
  console.log(textTable(rows));
  for (const line of verdict) console.log(line);
  if (!(difference <= lossTolerance)) {
    throw new Error(
      `engine: expected first losses within ${lossTolerance} of each other, ` +
        `got ${difference.toExponential(1)}; nothing was kept`,
    );
  }
  const versions = Object.fromEntries(
    contenders.map(({ description, name }) => [name, description]),
  );
  const facts = {
    ...machine(),
    load: `${started} to ${load()}, ${rounds} rounds`,
  };
  const folder = keep({ machine: facts, versions, verdict, rows });
  console.log(`kept in ${folder}`);
}
