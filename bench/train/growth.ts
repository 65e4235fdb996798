import { paperConnector } from "../../lib/pal/connector/config.ts";
import { attentionOnly, baseline } from "../../lib/pal/design/variant.ts";
import { exponentOf } from "./exponent.ts";
import { least, type Measured, oneByOne } from "./measure.ts";
import { stepBytes } from "./memory.ts";
import type { Found, Part, Session } from "./part.ts";
import { costOfTask, type Size, smollm, type Task, taskOf } from "./tasks.ts";

/** What grows, in steps that double. */
interface Scale {
  readonly layers: number;
  readonly width: number;
  readonly audio: number; // tokens
  readonly batch: number; // clips
}

const middle: Scale = { layers: 8, width: 256, audio: 64, batch: 4 };

/** The values of each axis; the others stay at the middle. */
const axes: Readonly<Record<keyof Scale, readonly number[]>> = {
  layers: [4, 8, 16],
  width: [128, 256, 512],
  audio: [16, 64, 256],
  batch: [2, 4, 8, 16],
};

function sizeOf({ audio, batch, layers, width }: Scale): Size {
  return {
    ...smollm,
    name: `${layers} layers, D ${width}, A ${audio}, B ${batch}`,
    llama: {
      ...smollm.llama,
      name: "bench-growth",
      nLayers: layers,
      width,
      ffnWidth: 3 * width,
      nHeads: width / 32,
      nKvHeads: width / 64,
      headWidth: 32,
      vocabularySize: 1024,
    },
    connector: {
      ...paperConnector,
      query: { steps: audio / 4, bands: 4 },
      width: width / 2,
      nHeads: width / 64,
    },
    B: batch,
  };
}

/** A place on an axis, with what was measured and promised there. */
interface Point {
  readonly axis: keyof Scale;
  readonly value: number;
  readonly design: string;
  readonly ms: number;
  readonly mebibytes: number;
  readonly gflops: number;
  /** By formula. */
  readonly formulaMiB: number;
}

/** How a step's time and memory grow, beside what formulas say. */
export const growth: Part = {
  name: "growth",
  run: async (session) => {
    const points: Point[] = [];
    for (const variant of [baseline, attentionOnly]) {
      const known = new Map<string, Measured>();
      for (const axis of Object.keys(axes) as (keyof Scale)[]) {
        for (const value of axes[axis]) {
          const size = sizeOf({ ...middle, [axis]: value });
          const task = taskOf(size, variant, { mode: "graph", stage: 2 });
          const measured =
            known.get(size.name) ?? (await measure(task, session));
          known.set(size.name, measured);
          points.push(pointOf(measured, axis, value));
        }
        session.report(`growth with ${axis}, ${variant.name}: measured`);
      }
    }
    return foundOf(points);
  },
};

async function measure(task: Task, { rounds }: Session): Promise<Measured> {
  const [measured] = await oneByOne([task], { rounds, steps: 8 });
  return measured;
}

function pointOf(
  { peakMiB, startMiB, task, times }: Measured,
  axis: keyof Scale,
  value: number,
): Point {
  return {
    ...{ axis, value, design: task.config.variant.name, ms: least(times) },
    mebibytes: peakMiB - startMiB,
    gflops: costOfTask(task).flops / 1e9,
    formulaMiB: stepBytes(task) / 2 ** 20,
  };
}

/** The exponents of one axis and design. */
function exponentsOf(points: readonly Point[]) {
  const values = points.map(({ value }) => value);
  const of = (pick: (point: Point) => number) =>
    exponentOf(values, points.map(pick));
  return {
    time: of(({ ms }) => ms),
    flops: of(({ gflops }) => gflops),
    memory: of(({ mebibytes }) => mebibytes),
    formula: of(({ formulaMiB }) => formulaMiB),
  };
}

function foundOf(points: readonly Point[]): Found {
  const groups = [...new Set(points.map(({ design }) => design))].flatMap(
    (design) =>
      (Object.keys(axes) as (keyof Scale)[]).map((axis) =>
        points.filter((one) => one.axis === axis && one.design === design),
      ),
  );
  const rows = groups.map((group) => {
    const [{ axis, design }] = group;
    const list = (pick: (point: Point) => number) =>
      group.map((point) => pick(point).toFixed(0)).join(", ");
    return {
      ...{ design, axis, ...exponentsOf(group) },
      values: list(({ value }) => value),
      ms: group.map(({ ms }) => ms.toFixed(1)).join(", "),
      mebibytes: list(({ mebibytes }) => mebibytes),
    };
  });
  const worst = rows.reduce((most, row) =>
    row.time - row.flops > most.time - most.flops ? row : most,
  );
  const head = ["design", "axis", "values", "min ms", "step MiB"];
  const heads = [...head, "time ~", "FLOPs ~", "memory ~", "formula ~"];
  return {
    title: "How a training step grows",
    tables: [
      {
        table: [
          heads,
          ...rows.map((row) => [
            ...[row.design, row.axis, row.values, row.ms, row.mebibytes],
            ...[row.time, row.flops, row.memory, row.formula].map((x) =>
              x.toFixed(2),
            ),
          ]),
        ],
      },
    ],
    verdict: [
      `time grows fastest over its FLOPs with ${worst.axis} ` +
        `(${worst.design}): exponent ${worst.time.toFixed(2)}, FLOPs ` +
        worst.flops.toFixed(2),
    ],
    rows: [...rows, ...points],
    about:
      "Stage 2 as a plain graph; one axis grows and the others stay at " +
      `${sizeOf(middle).name}, ${middle.batch} clips of ${smollm.T} text ` +
      'tokens. "x ~" is the exponent p of x ~ value^p, fitted by least ' +
      "squares on a logarithmic scale; FLOPs are `lib/pal/cost`'s matrix " +
      "products of the step. A step's memory is the process's peak over what " +
      "it held before there was a model, TensorFlow's graph included; its " +
      "formula counts parameters, gradients and moments, old and new, and " +
      "what every matrix product of the forward pass reads.",
  };
}
