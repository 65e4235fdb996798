import type * as tf from "@tensorflow/tfjs";
import type { ExampleSource } from "../data/source.ts";
import { soundsOf } from "../features/features.ts";
import { unembedAt } from "../llm/llama.ts";
import {
  type AudioLlm,
  type AudioLlmConfig,
  type HearOptions,
  hearText,
} from "../pal/run/audio-llm.ts";
import { leaves, type Tensors } from "../tensor/params.ts";
import { parted, piece } from "../tensor/recompute.ts";
import type { AdamwConfig } from "./adamw.ts";
import { type Ahead, openBatches } from "./ahead/batches.ts";
import {
  type BatchMaker,
  batchTensors,
  checkFeatures,
  type ExampleBatch,
} from "./batch.ts";
import { fit } from "./fit.ts";
import { countTokens, nextTokenLoss } from "./loss.ts";
import { openReadCache } from "./read-cache.ts";
import type { Schedule } from "./schedule.ts";
import type { LossOver, Recomputes } from "./stage.ts";
import type { Training, TrainOptions } from "./training.ts";

/** How a design is trained on examples: everything but its weights. */
export interface DesignPlan
  extends BatchMaker,
    Pick<
      Training<Tensors, Tensors, Tensors>,
      "compiles" | "moments" | "onPhase" | "xla"
    > {
  readonly config: AudioLlmConfig;
  readonly source: ExampleSource;
  /**
   * What moves: the connector alone (Table 3, stage 1) or the language model
   * with it (stages 2 and 3). Encoders stay frozen throughout.
   */
  readonly trains: "connector" | "connector+llm";
  /** Examples of an optimizer step. */
  readonly batchSize: number;
  /** Examples that are run together; a step sums them up. Default all. */
  readonly microBatchSize?: number;
  /** What the loss counts; default the answers' tokens, each the same. */
  readonly loss?: LossOver;
  readonly schedule: Schedule;
  readonly adamw?: AdamwConfig;
  /** Not in the paper; default "nothing", or what `compiles` says. */
  readonly recomputes?: Recomputes;
  /**
   * Keep what frozen layers make of a text; default true. A row read again
   * beside others can differ in last bits, so a run that is to go on with the
   * same bits does without.
   */
  readonly keepsReads?: boolean;
  /** Batches made before their step; default each when it is asked for. */
  readonly ahead?: Ahead;
}

/** The parts of a model that train, or those that do not. */
export type ModelPart = Partial<AudioLlm>;

/** A batch, and what the frozen layers have made of its text, if anything. */
type ReadBatch = ExampleBatch & { readonly read: readonly tf.Tensor3D[] };

export type DesignTraining = Training<ModelPart, ModelPart, ReadBatch>;

/** A design's training, and what it holds open. */
export interface OpenedTraining {
  readonly training: DesignTraining;
  /** How its batches are made, in words. */
  readonly making: string;
  /** Ends the threads that make batches; nobody may go on training. */
  dispose(): Promise<void>;
}

/**
 * A design's training, for `fit` or `goOn`.
 *
 * The batch of a step follows from the source and the step, and knows nothing
 * of the design: every design gets the same. While the language model is
 * frozen, what it makes of a text before it meets audio is kept.
 *
 * @param options - a signal ends the waiting for a batch, and who makes it
 * @throws RangeError where features are of other encoders than the design's, or
 * prompts have the audio elsewhere
 */
export function openTraining(
  plan: DesignPlan,
  { connector, llama }: AudioLlm,
  { signal }: Pick<TrainOptions, "signal"> = {},
): OpenedTraining {
  const { batchSize, config, features, keepsReads = true, trains } = plan;
  // A layer that is a graph of its own gives back what it makes inside.
  const isAgain = plan.recomputes === "layers" || plan.compiles === "layers";
  const { loss = answerLoss, microBatchSize = batchSize } = plan;
  checkPlan(plan);
  const nMicroBatches = batchSize / microBatchSize;
  const { steps } = plan.schedule;
  const { lengths, source, writer } = plan;
  const sounds = soundsOf(features);
  const batches = openBatches({
    recipe: { source, sounds, writer, lengths, tokens: loss.tokens },
    ...{ microBatchSize, nMicroBatches, steps, signal },
    ahead: plan.ahead,
  });
  const isFrozen = trains === "connector";
  const cache = isFrozen && keepsReads ? openReadCache(config) : undefined;
  const training: DesignTraining = {
    name: config.variant.name,
    params: isFrozen ? { connector } : { connector, llama },
    frozen: isFrozen ? { llama } : {},
    loss: (moving, still, batch) =>
      lossOf({ ...still, ...moving } as AudioLlm, batch, {
        config,
        recompute: isAgain ? { frozen: still } : undefined,
      }),
    nMicroBatches,
    tokensOf: ({ scored }) => countTokens(scored.weight_X),
    ...(loss.mean === "batch" ? { weightOf: tokenWeight } : {}),
    batchAt: async (step, micro) => {
      const batch = batchTensors(await batches.at(step, micro), features);
      const read_BTD = cache?.read(llama, batch.text_BT);
      return { ...batch, read: read_BTD ? [read_BTD] : [] };
    },
    schedule: plan.schedule,
    adamw: plan.adamw,
    compiles: plan.compiles,
    moments: plan.moments,
    onPhase: plan.onPhase,
    xla: plan.xla,
  };
  return {
    training,
    making: batches.making,
    dispose: async () => {
      cache?.dispose();
      await batches.close();
    },
  };
}

const answerLoss: LossOver = { tokens: "answer", mean: "batch" };

const tokenWeight = ({ scored }: ReadBatch) => scored.weight_X.sum<tf.Scalar>();

/**
 * Trains a design from its start to the end of its schedule.
 *
 * @returns what has moved, the caller's, and the loss of every step
 */
export async function trainDesign(
  plan: DesignPlan,
  model: AudioLlm,
  options: TrainOptions = {},
): Promise<{ params: ModelPart; losses: Float32Array }> {
  const { dispose, training } = openTraining(plan, model, options);
  try {
    return await fit(training, options);
  } finally {
    await dispose();
  }
}

/** The batch's loss; with pieces, scores and loss are one. */
function lossOf(
  model: AudioLlm,
  { features, read, scored, text_BT }: ReadBatch,
  hearing: Pick<HearOptions, "config" | "recompute">,
): tf.Scalar {
  const input = { text_BT, features };
  const text_BTD = hearText(model, input, { ...hearing, read_BTD: read[0] });
  const { config, recompute } = hearing;
  const { embedding_VD, finalNorm_D, unembedding_VD } = model.llama;
  const table_VD = unembedding_VD ?? embedding_VD;
  const frozen = new Set(leaves(recompute?.frozen ?? []));
  const { still, trained } = parted({ finalNorm_D, table_VD }, frozen);
  const given = { moving: { text_BTD, trained }, fixed: { scored, still } };
  const make = ({ fixed, moving }: typeof given) => {
    const weights = { ...fixed.still, ...moving.trained };
    const readout = {
      embedding_VD: weights.table_VD as tf.Tensor2D,
      finalNorm_D: weights.finalNorm_D as tf.Tensor1D,
    };
    const options = { at_X: fixed.scored.at_X, config: config.llama };
    const logits_XV = unembedAt(readout, moving.text_BTD, options);
    return nextTokenLoss(logits_XV, fixed.scored);
  };
  return piece({ kind: "head", make }, given);
}

function checkPlan(plan: DesignPlan): void {
  const { batchSize, config, features, trains, writer } = plan;
  const { microBatchSize = batchSize, recomputes = "nothing" } = plan;
  checkFeatures("trainDesign", config, features);
  if (recomputes !== "layers" && recomputes !== "nothing") {
    throw new RangeError(
      `trainDesign: expected recomputes "layers" or "nothing", ` +
        `got "${recomputes}"`,
    );
  }
  if (trains !== "connector" && trains !== "connector+llm") {
    throw new RangeError(
      `trainDesign: expected trains "connector" or "connector+llm", ` +
        `got "${trains}"`,
    );
  }
  if (!(Number.isInteger(batchSize) && batchSize > 0)) {
    throw new RangeError(
      `trainDesign: expected a batch of 1 or more examples, got ${batchSize}`,
    );
  }
  if (!Number.isInteger(batchSize / microBatchSize)) {
    throw new RangeError(
      `trainDesign: expected micro-batches that make a batch of ${batchSize}, ` +
        `got ${microBatchSize} examples in each`,
    );
  }
  if (config.audioAt !== writer.audioAt) {
    throw new RangeError(
      `trainDesign: expected prompts with audio at ${config.audioAt}, ` +
        `got ${writer.audioAt}`,
    );
  }
}
