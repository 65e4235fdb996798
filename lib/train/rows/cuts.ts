import type { AudioLlm } from "../../pal/run/audio-llm.ts";
import { disposeTensors, leaves, type Tensors } from "../../tensor/params.ts";
import { type DesignPlan, openTraining } from "../design.ts";
import { fit } from "../fit.ts";
import type { LossOver } from "../stage.ts";

/** How the examples of a step are cut, and what a token of a part counts. */
export interface Cut {
  readonly microBatchSize: number;
  readonly mean: LossOver["mean"];
}

/** What a cut made of the same steps. */
export interface CutRow {
  /** Parts x examples of each. */
  readonly cut: string;
  readonly mean: LossOver["mean"];
  /** Of the first step, in nats per token. */
  readonly loss: number;
  /** Length of the first step's gradient. */
  readonly gradient: number;
  /**
   * How far the weights end from those of the first cut, in percent of the way
   * that those have gone.
   */
  readonly apart: number;
}

/**
 * Trains a plan once for each cut, from the same weights on the same examples.
 *
 * @throws RangeError for no cut, or parts that do not make a batch
 */
export async function cutRows(
  plan: DesignPlan,
  model: AudioLlm,
  cuts: readonly Cut[],
): Promise<CutRow[]> {
  if (cuts.length === 0) {
    throw new RangeError("cutRows: expected one cut or more, got none");
  }
  const { batchSize } = plan;
  const rows: CutRow[] = [];
  let whole: Trained | undefined;
  for (const { mean, microBatchSize } of cuts) {
    const loss = { tokens: plan.loss?.tokens ?? "answer", mean } as const;
    const ran = await trained({ ...plan, microBatchSize, loss }, model);
    whole ??= ran;
    const way = distance(whole.end, whole.start);
    rows.push({
      cut: `${batchSize / microBatchSize} x ${microBatchSize}`,
      mean,
      loss: ran.loss,
      gradient: ran.gradient,
      apart: (100 * distance(ran.end, whole.end)) / way,
    });
  }
  return rows;
}

interface Trained {
  readonly loss: number;
  readonly gradient: number;
  readonly start: readonly Float32Array[];
  readonly end: readonly Float32Array[];
}

async function trained(plan: DesignPlan, model: AudioLlm): Promise<Trained> {
  const { dispose, training } = openTraining(plan, model);
  let gradient = 0;
  try {
    const { losses, params } = await fit(training, {
      onStep: ({ gradientNorms, step }) => {
        if (step === 1) gradient = Math.hypot(...Object.values(gradientNorms));
      },
    });
    const end = valuesOf(params as Tensors);
    disposeTensors(params as Tensors);
    const start = valuesOf(training.params as Tensors);
    return { loss: losses[0], gradient, start, end };
  } finally {
    dispose();
  }
}

const valuesOf = (tree: Tensors) =>
  leaves(tree).map((leaf) => leaf.dataSync<"float32">().slice());

function distance(
  one: readonly Float32Array[],
  other: readonly Float32Array[],
): number {
  let sum = 0;
  for (const [t, values] of one.entries()) {
    for (let i = 0; i < values.length; i++) {
      sum += (values[i] - other[t][i]) ** 2;
    }
  }
  return Math.sqrt(sum);
}
