import { type Measured, oneByOne, sideBySide } from "./measure.ts";
import type { Found, Part, Session } from "./part.ts";
import { lossDifference, type Row, rowsOf, stepTable } from "./rows.ts";
import {
  designs,
  lab,
  type Mode,
  type Size,
  type Stage,
  smollm,
  taskOf,
} from "./tasks.ts";

/** Over the faster PyTorch, by minima and by medians. */
const speedGoal = 1.2;
/** Relative; more, and the contenders train different models. */
const lossTolerance = 1e-4;

const modes: readonly Mode[] = [
  "graph",
  "graph + XLA",
  "eager",
  "torch.compile",
];
const stages: readonly Stage[] = [1, 2];

/** Steps of every design, ours beside PyTorch's. */
export const steps: Part = {
  name: "steps",
  run: async (session) => {
    const all = [
      ...(await measureAll(lab, sideBySide, session)),
      ...(await measureAll(smollm, oneByOne, session)),
    ];
    const difference = lossDifference(all);
    if (!(difference <= lossTolerance)) {
      throw new Error(
        `train: expected losses within ${lossTolerance} of each other, ` +
          `got ${difference.toExponential(1)}; nothing was kept`,
      );
    }
    session.measured.push(...all);
    const versions = Object.fromEntries(
      all.map(({ description, task: { mode } }) => [
        mode.startsWith("graph") ? "pal-lab" : "PyTorch",
        description,
      ]),
    );
    const found = foundOf(rowsOf(all, session.peak), difference);
    return { ...found, versions };
  },
};

async function measureAll(
  size: Size,
  measure: typeof sideBySide,
  { report, rounds }: Session,
): Promise<Measured[]> {
  const effort =
    size === lab ? { rounds: 5 * rounds, steps: 8 } : { rounds, steps: 4 };
  const measured: Measured[] = [];
  for (const stage of stages) {
    for (const variant of designs) {
      const tasks = modes.map((mode) => taskOf(size, variant, { mode, stage }));
      measured.push(...(await measure(tasks, effort)));
      report(`${size.name}, stage ${stage}, ${variant.name}: measured`);
    }
  }
  return measured;
}

function foundOf(rows: readonly Row[], difference: number): Found {
  return {
    title: "Training steps of the designs, beside PyTorch",
    tables: [{ table: stepTable(rows) }],
    verdict: [
      `largest relative difference of one of the first three losses: ` +
        difference.toExponential(1),
      ...[lab, smollm].flatMap(({ name }) =>
        verdictOf(rows.filter(({ size }) => size === name)),
      ),
    ],
    rows,
    about:
      "A step is forward, backward, clipping and AdamW, from the batch's " +
      "numbers until the loss is read. Stage 1 trains the connector, stage 2 " +
      "all but the encoders; stage 3 of the paper trains what stage 2 does, " +
      "so its step is the same and is not measured again. Peak memory is the " +
      "process's from the time that it has its weights: recording or " +
      "compilation and all steps. " +
      '"processor ms" is the fastest step\'s time of all threads together; ' +
      '"first ms" is the time until the first loss: recording or ' +
      "compilation, and the step.",
  };
}

function verdictOf(rows: readonly Row[]): string[] {
  const ours = rows.filter(({ on }) => on === "pal-lab");
  const [{ size }] = rows;
  const ratios = ["graph", "graph + XLA"].map((mode) => {
    const own = ours.filter((row) => row.mode === mode);
    const worst = Math.min(
      ...own.flatMap((row) => [row.timesPytorch, row.timesPytorchByMedian]),
    );
    const said = worst >= speedGoal ? "met" : "missed";
    return (
      `${size}, ${mode}: at least ${worst.toFixed(2)} x the faster PyTorch, ` +
      `by minima and by medians; goal ${speedGoal} ${said}`
    );
  });
  return [...ratios, xlaLine(rows)];
}

/** What XLA changes, over all designs and stages of a size. */
function xlaLine(rows: readonly Row[]): string {
  const [{ size }] = rows;
  const of = (mode: string) => rows.filter((row) => row.mode === mode);
  const [plain, xla] = [of("graph"), of("graph + XLA")];
  const ratio = (pick: (row: Row) => number) => {
    const logs = plain.map((row, i) => Math.log(pick(xla[i]) / pick(row)));
    return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
  };
  const waits = xla.map((row, i) => (row.firstMs - plain[i].firstMs) / 1000);
  const wait = Math.max(...waits);
  return (
    `${size}: XLA takes ${ratio(({ min }) => min).toFixed(2)} of the plain ` +
    `graph's time by minima, ${ratio((row) => row.median).toFixed(2)} by ` +
    `medians (geometric means), and up to ${wait.toFixed(0)} s more at first`
  );
}
