import { attentionOnly } from "../../lib/pal/design/variant.ts";
import { openContender } from "./contender.ts";
import { median } from "./measure.ts";
import type { Found, Part, Session } from "./part.ts";
import { lab, type Size, type Stage, type Task, taskOf } from "./tasks.ts";

/** A quarter of the lab's batch: what is lost at each step is the same. */
const small: Size = { ...lab, name: "lab, 8 clips", B: 8 };

/** A step's own pools are full by then. */
const nWarm = 200;
const nSteps = 1000;
const between = 25;

/** What two medians of resident memory may differ by. */
const slack = 8; // MiB

/** State of a process after some steps. */
export interface Sample {
  readonly step: number;
  readonly nTensors: number;
  readonly heldMiB: number;
}

/** What grew from the first quarter of the samples to the last. */
export interface Growth {
  readonly tensors: number;
  /** Between medians: single samples hold what is not yet given back. */
  readonly mebibytes: number;
}

function growthOf(samples: readonly Sample[]): Growth {
  const quarter = Math.max(1, samples.length >> 2);
  const [early, late] = [samples.slice(0, quarter), samples.slice(-quarter)];
  const held = (some: readonly Sample[]) =>
    median(some.map(({ heldMiB }) => heldMiB));
  return {
    tensors: late.at(-1)!.nTensors - early[0].nTensors,
    mebibytes: held(late) - held(early),
  };
}

/** What grew that must not, in words. */
function faultsOf({ mebibytes, tensors }: Growth): string[] {
  return [
    ...(tensors === 0 ? [] : [`${tensors} more tensors`]),
    ...(mebibytes <= slack ? [] : [`${mebibytes.toFixed(1)} MiB more`]),
  ];
}

/** A thousand steps of each stage; none may leave anything behind. */
export const flat: Part = {
  name: "flat",
  run: async ({ report }: Session) => {
    const rows: (Growth & { stage: Stage; samples: Sample[] })[] = [];
    for (const stage of [1, 2] as const) {
      const task = taskOf(small, attentionOnly, { mode: "graph", stage });
      const samples = await sample(task);
      const growth = growthOf(samples);
      const faults = faultsOf(growth);
      if (faults.length > 0) {
        throw new Error(
          `train: expected nothing to grow over ${nSteps} steps, got ` +
            `${faults.join(" and ")} (stage ${stage}); nothing was kept`,
        );
      }
      rows.push({ stage, ...growth, samples });
      report(`flat, stage ${stage}: measured`);
    }
    return foundOf(rows);
  },
};

async function sample(task: Task): Promise<Sample[]> {
  const contender = openContender(task);
  try {
    await contender.take(nWarm);
    const samples: Sample[] = [];
    for (let step = between; step <= nSteps; step += between) {
      const { heldMiB, nTensors = 0 } = await contender.take(between);
      samples.push({ step, nTensors, heldMiB });
    }
    return samples;
  } finally {
    await contender.end();
  }
}

function foundOf(
  rows: readonly (Growth & { stage: Stage; samples: readonly Sample[] })[],
): Found {
  const head = ["stage", "tensors", "MiB first", "MiB last", "grown, MiB"];
  const cells = rows.map(({ mebibytes, samples, stage }) => [
    ...[`${stage}`, `${samples.at(-1)!.nTensors}`],
    ...[samples[0], samples.at(-1)!].map((one) => one.heldMiB.toFixed(1)),
    mebibytes.toFixed(1),
  ]);
  return {
    title: "A thousand training steps",
    tables: [{ table: [head, ...cells] }],
    verdict: [
      `over ${nSteps} steps no tensor is left behind, and resident memory ` +
        `grows by at most ${slack} MiB, in both stages`,
    ],
    rows,
    about:
      `Attention-only, ${small.llama.nLayers} layers of ${small.llama.width}, ` +
      `batches of ${small.B}, as a plain graph, after ${nWarm} steps that ` +
      `fill pools. Every ${between} steps JavaScript's garbage is collected ` +
      "and the process's resident memory and tfjs's tensors are counted. " +
      '"grown" is the difference between the medians of the first and the ' +
      "last quarter.",
  };
}
