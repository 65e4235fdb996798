import { llama32_1b } from "../../lib/llm/config.ts";
import { paperConnector } from "../../lib/pal/connector/config.ts";
import {
  attentionOnly,
  baseline,
  sharedConnector,
  type Variant,
} from "../../lib/pal/design/variant.ts";
import { least, type Measured, oneByOne } from "./measure.ts";
import type { Found, Part, Session } from "./part.ts";
import {
  costOfTask,
  type Size,
  type Stage,
  smollm,
  type Task,
  taskOf,
} from "./tasks.ts";

/** Of what its products promise, in time, where connectors are small. */
const shareGoal = 0.9;

/** Some layers of Llama 3.2 1B's width, with the paper's connector. */
function wide(nLayers: number): Size {
  return {
    ...smollm,
    name: `1B's width, ${nLayers} layers`,
    // The vocabulary is the same for all designs, and a gigabyte.
    llama: { ...llama32_1b, name: "bench-wide", nLayers, vocabularySize: 4096 },
    connector: paperConnector,
    B: 2,
  };
}

const cases: readonly { readonly size: Size; readonly stage: Stage }[] = [
  { size: smollm, stage: 1 },
  { size: smollm, stage: 2 },
  { size: wide(4), stage: 1 },
  { size: wide(2), stage: 2 },
];

/** What a design saves over the baseline: promised, and kept. */
interface Saving {
  readonly size: string;
  readonly stage: Stage;
  readonly design: string;
  readonly connector: Variant["connector"];
  /** Of its parameters and of the step's FLOPs over the language model's. */
  readonly connectorShare: number;
  readonly baseline: number; // ms
  readonly ms: number;
  readonly promised: number;
  readonly kept: number;
  /** Kept over promised. */
  readonly share: number;
}

/** What attention-only saves, beside what its products promise. */
export const saving: Part = {
  name: "saving",
  run: async (session) => {
    const rows: Saving[] = [];
    for (const { size, stage } of cases) {
      const of = (variant: Variant) =>
        taskOf(size, variant, { mode: "graph", stage });
      const [base, ...others] = await measureAll(
        [baseline, attentionOnly, sharedConnector].map(of),
        session,
      );
      rows.push(...others.map((other) => savingOf(base, other)));
      session.report(`saving, ${size.name}, stage ${stage}: measured`);
    }
    return foundOf(rows);
  },
};

/** What is known already is not measured again. */
async function measureAll(
  tasks: readonly Task[],
  { measured, rounds }: Session,
): Promise<Measured[]> {
  const known = tasks.map((task) =>
    measured.find((one) => JSON.stringify(one.task) === JSON.stringify(task)),
  );
  const missing = tasks.filter((_, i) => !known[i]);
  const effort = { rounds: 2 * rounds, steps: 4 };
  const made = await oneByOne(missing, effort);
  return known.map((one) => one ?? made.shift()!);
}

function savingOf(base: Measured, other: Measured): Saving {
  const { config, size, stage } = other.task;
  const { flops, parameters } = costOfTask(other.task);
  const { crossAttentions, llama, projections } = parameters;
  const [before, ms] = [base, other].map(({ times }) => least(times));
  const promised = 1 - flops / costOfTask(base.task).flops;
  const kept = 1 - ms / before;
  return {
    ...{ size, stage, design: config.variant.name },
    connector: config.variant.connector,
    connectorShare: (crossAttentions + projections) / llama,
    ...{ baseline: before, ms, promised, kept, share: kept / promised },
  };
}

const percent = (x: number) => `${(100 * x).toFixed(0)} %`;

function foundOf(rows: readonly Saving[]): Found {
  const head = ["size", "stage", "connectors", "their parameters"];
  const heads = [...head, "baseline ms", "ms", "promised", "kept", "share"];
  return {
    title: "What attention-only saves over the baseline",
    tables: [
      {
        table: [
          heads,
          ...rows.map((row) => [
            ...[row.size, `${row.stage}`, row.connector],
            percent(row.connectorShare),
            ...[row.baseline.toFixed(0), row.ms.toFixed(0)],
            ...[percent(row.promised), percent(row.kept)],
            row.share.toFixed(2),
          ]),
        ],
      },
    ],
    verdict: rows.map(lineOf),
    rows,
    about:
      "Fastest steps as a plain graph; what is promised is the step's matrix " +
      "products (`lib/pal/cost`) that the baseline has and the design has " +
      'not. "share" is what is kept of the promise. "their parameters" are ' +
      "the connectors' over the language model's. A language model of 1B's " +
      "width has a vocabulary of 4,096 here: its table is the same for all " +
      "designs.",
  };
}

function lineOf({ connector, promised, share, size, stage }: Saving): string {
  const said = share >= shareGoal ? "met" : "missed";
  const goal =
    connector === "shared"
      ? `; goal ${shareGoal} ${said}`
      : share >= shareGoal
        ? ""
        : ": one connector for each layer takes the rest";
  return (
    `${size}, stage ${stage}, ${connector} connectors: keeps ` +
    `${share.toFixed(2)} of the ${percent(promised)} that its products ` +
    `promise${goal}`
  );
}
