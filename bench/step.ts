/**
 * `npm run bench -- step [rounds]`: one training step of two designs, here and
 * in PyTorch, and how it grows with the number of audio tokens.
 *
 * Each measurement has a process of its own. PyTorch is looked for in the
 * Python that `PAL_PYTHON` names. Takes some eight minutes a round.
 */
import { load, machine } from "./engine/report.ts";
import { type Measure, ours, pytorch, tapCost } from "./step/contenders.ts";
import {
  keep,
  lossDifference,
  type Result,
  type Row,
  rowsOf,
  type Saving,
  savingsOf,
  savingTable,
  stepTable,
  tapLine,
  textTable,
} from "./step/report.ts";
import {
  designs,
  growing,
  lab,
  large,
  type Mode,
  middle,
  type Stage,
  type Task,
  taskOf,
} from "./step/tasks.ts";

/** Over PyTorch, on every size, design and stage. */
const speedGoal = 1.2;
/** Of the FLOPs that attention-only saves, in time. */
const shareGoal = 0.9;
/** Relative; more, and the two sides train different models. */
const lossTolerance = 1e-4;

function tasks(): Task[] {
  const steps: Task[] = [];
  for (const [size, modes] of [
    [lab, ["graph", "graph + XLA", "eager"]],
    [large, ["graph", "eager"]],
  ] as const) {
    const runs = size === lab ? { warmUp: 3, steps: 12 } : oneBig;
    for (const stage of [1, 2] as Stage[]) {
      for (const variant of designs) {
        const plan = (mode: Mode) =>
          taskOf(size, variant, { stage, mode, ...runs });
        steps.push(...modes.map(plan));
      }
    }
  }
  const growth = growing.flatMap((query) =>
    designs.flatMap((variant) =>
      (["graph", "eager"] as const).map((mode) =>
        taskOf(middle, variant, {
          stage: 1,
          mode,
          query,
          warmUp: 2,
          steps: 6,
        }),
      ),
    ),
  );
  return [...steps, ...growth];
}

const oneBig = { warmUp: 2, steps: 4 };

/** "eager" is PyTorch's way here; ours is always a graph. */
function measure(task: Task): Result {
  const isOurs = task.mode !== "eager";
  const run: Measure = isOurs ? ours : pytorch;
  const contender = isOurs ? "pal-lab" : "PyTorch";
  return { contender, task, answer: run(task) };
}

/** All times of all rounds. */
function joined(rounds: readonly (readonly Result[])[]): Result[] {
  return rounds[0].map((first, i) => {
    const times = rounds.flatMap((results) => results[i].answer.times);
    return { ...first, answer: { ...first.answer, times } };
  });
}

function verdictOf(
  rows: readonly Row[],
  savings: readonly Saving[],
  difference: number,
): string[] {
  const said = (isMet: boolean) => (isMet ? "met" : "missed");
  const graphs = rows.filter((row) => row.mode === "graph");
  const ratios = graphs.map((row) =>
    Math.min(row.timesPytorch, row.timesPytorchAtBest),
  );
  const least = Math.min(...ratios);
  const shares = savings
    .filter((saving) => saving.mode === "graph")
    .map(({ audioTokens, share, size, stage }) => {
      const where = `${size}, stage ${stage}, ${audioTokens} audio tokens`;
      return (
        `${where}: attention-only keeps ${share.toFixed(2)} of the saving its ` +
        `FLOPs promise; goal ${shareGoal} ${said(share >= shareGoal)}`
      );
    });
  return [
    `largest relative difference of a loss from PyTorch's: ` +
      `${difference.toExponential(1)}`,
    `graphs are at least ${least.toFixed(2)} x PyTorch eager, by medians and ` +
      `by minima; goal ${speedGoal} ${said(least >= speedGoal)}`,
    ...shares,
  ];
}

export async function run([rounds = "1"]: readonly string[]): Promise<void> {
  const started = load();
  console.log(`load at the start: ${started}`);
  const taps = tapCost(
    taskOf(lab, designs[1], { stage: 1, mode: "graph", warmUp: 0, steps: 0 }),
  );
  console.log(tapLine(taps));
  const all: Result[][] = [];
  for (let round = 1; round <= Number(rounds); round++) {
    all.push(tasks().map(measure));
    console.log(`round ${round} of ${rounds} done, load ${load()}`);
  }
  const results = joined(all);
  const difference = lossDifference(results);
  const rows = rowsOf(results);
  const savings = savingsOf(rows);
  const verdict = [...verdictOf(rows, savings, difference), tapLine(taps)];
  console.log(textTable(stepTable(rows)));
  console.log(textTable(savingTable(savings)));
  for (const line of verdict) console.log(line);
  if (!(difference <= lossTolerance)) {
    throw new Error(
      `step: expected losses within ${lossTolerance} of PyTorch's, ` +
        `got ${difference}; nothing was kept`,
    );
  }
  const versions = Object.fromEntries(
    results.map(({ answer, contender }) => [contender, answer.description]),
  );
  const loads = { load: `${started} to ${load()}, ${rounds} rounds` };
  const facts = { ...machine(), ...loads, ...versions };
  const folder = keep({ facts, verdict, rows, savings, taps });
  console.log(`kept in ${folder}`);
}
