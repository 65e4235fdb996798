import { lengthGroups, type OrderOptions } from "../data/ordered.ts";
import type { AdamwConfig } from "./adamw.ts";
import type { Schedule } from "./schedule.ts";

/** What a loss counts, and over what it is a mean. */
export interface LossOver {
  /** The answer alone, or all of the text, as LTU's trainer has it. */
  readonly tokens: "answer" | "prompt+answer";
  /**
   * - `batch`: every token of an optimizer step counts the same.
   * - `micro-batch`: every micro-batch does, as in LTU's trainer; a token of a
   *   short one counts more.
   */
  readonly mean: "batch" | "micro-batch";
}

/** Examples of an optimizer step: the product of the three. */
export interface BatchSizes {
  readonly devices: number;
  readonly perDevice: number;
  /** Micro-batches of a device whose gradients are summed. */
  readonly accumulation: number;
}

/**
 * What a backward pass computes again instead of keeping it; not in the paper.
 *
 * - `nothing`: all is kept.
 * - `layers`: the insides of the language model's layers, one layer after the
 *   other. Memory falls to one layer's and the streams between them, for a
 *   third forward pass in a step; the numbers are the same.
 */
export type Recomputes = "layers" | "nothing";

/** One stage of the curriculum, as a row of Table 3. */
export interface Stage {
  /** From 1; each goes on from the weights of the one before. */
  readonly number: number;
  readonly name: string;
  /** Which questions it learns. */
  readonly data: "classification" | "closed-ended" | "all";
  /** Questions of an epoch. */
  readonly rows: number;
  /** Encoders stay frozen throughout. */
  readonly trains: "connector" | "connector+llm";
  readonly peakLearningRate: number;
  readonly warmupRatio: number;
  readonly epochs: number;
  readonly batch: BatchSizes;
  /**
   * Rows of about one length to a batch, so that it holds less filling, as
   * LTU's trainer has them. Not in the paper.
   */
  readonly groupsByLength: boolean;
  /** Not in the paper beyond "next token loss on text part". */
  readonly loss: LossOver;
  /** Not in the paper beyond "AdamW" (A.1). */
  readonly adamw: AdamwConfig;
  /** Default "nothing". */
  readonly recomputes?: Recomputes;
}

/**
 * AdamW as LTU's trainer sets it: transformers' defaults, which spare norms
 * and biases; not in the paper.
 */
export const trainerAdamw: AdamwConfig = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  decays: "matrices",
  maxGradientNorm: 1,
};

/** Stage 1 of Table 3: the connector alone, on classification. */
export const connectorPretraining: Stage = {
  number: 1,
  name: "connector-pretraining",
  data: "classification",
  rows: 1_190_489,
  trains: "connector",
  peakLearningRate: 1e-3,
  warmupRatio: 0.05,
  epochs: 1,
  batch: { devices: 2, perDevice: 32, accumulation: 4 },
  groupsByLength: true,
  loss: { tokens: "answer", mean: "batch" },
  adamw: trainerAdamw,
};

/** Stage 2 of Table 3: all but the encoders, on closed-ended questions. */
export const closedEndedTuning: Stage = {
  ...connectorPretraining,
  number: 2,
  name: "closed-ended-tuning",
  data: "closed-ended",
  rows: 1_917_894,
  trains: "connector+llm",
  peakLearningRate: 1e-4,
  warmupRatio: 0.03,
  batch: { devices: 2, perDevice: 12, accumulation: 4 },
};

/** Stage 3 of Table 3: as stage 2, with open-ended questions. */
export const openEndedTuning: Stage = {
  ...closedEndedTuning,
  number: 3,
  name: "open-ended-tuning",
  data: "all",
  rows: 5_681_708,
};

/** The paper's curriculum: Table 3, its row counts from OpenAQA's scripts. */
export const paperStages: readonly Stage[] = [
  connectorPretraining,
  closedEndedTuning,
  openEndedTuning,
];

/** LTU's own reading of the loss, in any stage; see `LossOver`. */
export const ltuLoss: LossOver = {
  tokens: "prompt+answer",
  mean: "micro-batch",
};

/** Examples of an optimizer step, and how they are cut. */
export interface Batching {
  readonly batchSize: number;
  readonly microBatchSize: number;
  readonly nMicroBatches: number;
}

/**
 * A stage's batches: on one device, the micro-batches of all of them follow
 * one another.
 *
 * @throws RangeError for a size that is no whole number from 1
 */
export function batchingOf({ batch, name }: Stage): Batching {
  for (const [what, size] of Object.entries(batch)) {
    if (Number.isInteger(size) && size > 0) continue;
    throw new RangeError(
      `batchingOf: expected a whole number of ${what} from 1, got ${size} ` +
        `(stage "${name}")`,
    );
  }
  const { accumulation, devices, perDevice } = batch;
  const nMicroBatches = devices * accumulation;
  return {
    nMicroBatches,
    microBatchSize: perDevice,
    batchSize: nMicroBatches * perDevice,
  };
}

/** The order of a stage's rows. */
export function orderOf(stage: Stage, seed: number): OrderOptions {
  if (!stage.groupsByLength) return { seed };
  return { seed, bucketing: lengthGroups(batchingOf(stage).batchSize) };
}

/**
 * A stage's schedule: whole batches of its rows, the rest left out.
 *
 * @throws RangeError where the rows do not fill one batch
 */
export function scheduleOf(stage: Stage): Schedule {
  const { epochs, name, peakLearningRate, rows, warmupRatio } = stage;
  const { batchSize } = batchingOf(stage);
  const steps = Math.floor((rows * epochs) / batchSize);
  if (!(steps > 0)) {
    throw new RangeError(
      `scheduleOf: expected rows for a batch of ${batchSize}, got ${rows} ` +
        `over ${epochs} epochs (stage "${name}")`,
    );
  }
  return { steps, peakLearningRate, warmupRatio };
}
