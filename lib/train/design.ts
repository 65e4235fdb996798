import type * as tf from "@tensorflow/tfjs";
import type { ExampleSource } from "../data/source.ts";
import { unembedAt } from "../llm/llama.ts";
import {
  type AudioLlm,
  type AudioLlmConfig,
  hearText,
} from "../pal/run/audio-llm.ts";
import type { AdamwConfig } from "./adamw.ts";
import {
  type BatchMaker,
  checkFeatures,
  type ExampleBatch,
  exampleBatch,
} from "./batch.ts";
import { fit } from "./fit.ts";
import { nextTokenLoss } from "./loss.ts";
import { openReadCache } from "./read-cache.ts";
import type { Schedule } from "./schedule.ts";
import type { LossOver } from "./stage.ts";
import type { Training, TrainOptions } from "./training.ts";

/** How a design is trained on examples: everything but its weights. */
export interface DesignPlan extends BatchMaker {
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
  /** Let XLA compile the step, see `Training`. */
  readonly xla?: boolean;
  /** Takes the line of each further trace; default console.log. */
  readonly onTrace?: (line: string) => void;
  /**
   * Keep what frozen layers make of a text; default true. A row read again
   * beside others can differ in last bits, so a run that is to go on with the
   * same bits does without.
   */
  readonly keepsReads?: boolean;
}

/** The parts of a model that train, or those that do not. */
export type ModelPart = Partial<AudioLlm>;

/** A batch, and what the frozen layers have made of its text, if anything. */
type ReadBatch = ExampleBatch & { readonly read: readonly tf.Tensor3D[] };

export type DesignTraining = Training<ModelPart, ModelPart, ReadBatch>;

/**
 * A design's training, for `fit` or `goOn`.
 *
 * The batch of a step follows from the source and the step, and knows nothing
 * of the design: every design gets the same. While the language model is
 * frozen, what it makes of a text before it meets audio is kept.
 *
 * @throws RangeError where features are of other encoders than the design's, or
 * prompts have the audio elsewhere
 */
export function openTraining(
  plan: DesignPlan,
  { connector, llama }: AudioLlm,
): { readonly training: DesignTraining; dispose(): void } {
  const { batchSize, config, keepsReads = true, source, trains } = plan;
  const { loss = answerLoss, microBatchSize = batchSize } = plan;
  checkPlan(plan);
  const isFrozen = trains === "connector";
  const cache = isFrozen && keepsReads ? openReadCache(config) : undefined;
  const training: DesignTraining = {
    name: config.variant.name,
    params: isFrozen ? { connector } : { connector, llama },
    frozen: isFrozen ? { llama } : {},
    loss: (moving, still, batch) =>
      lossOf({ ...still, ...moving } as AudioLlm, batch, config),
    nMicroBatches: batchSize / microBatchSize,
    tokensOf: ({ scored }) => countTokens(scored.weight_X),
    ...(loss.mean === "batch" ? { weightOf: tokenWeight } : {}),
    batchAt: async (step, micro) => {
      const from = step * batchSize + micro * microBatchSize;
      const examples = await source.take(from, microBatchSize);
      const batch = await exampleBatch(examples, { ...plan, ...loss });
      const read_BTD = cache?.read(llama, batch.text_BT);
      return { ...batch, read: read_BTD ? [read_BTD] : [] };
    },
    schedule: plan.schedule,
    adamw: plan.adamw,
    xla: plan.xla,
    onTrace: plan.onTrace,
  };
  return { training, dispose: () => cache?.dispose() };
}

const answerLoss: LossOver = { tokens: "answer", mean: "batch" };

const tokenWeight = ({ scored }: ReadBatch) => scored.weight_X.sum<tf.Scalar>();

const countTokens = (weight_X: tf.Tensor1D) =>
  [...weight_X.dataSync()].filter((weight) => weight !== 0).length;

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
  const { dispose, training } = openTraining(plan, model);
  try {
    return await fit(training, options);
  } finally {
    dispose();
  }
}

function lossOf(
  model: AudioLlm,
  { features, read, scored, text_BT }: ReadBatch,
  config: AudioLlmConfig,
): tf.Scalar {
  const input = { text_BT, features };
  const text_BTD = hearText(model, input, { config, read_BTD: read[0] });
  const options = { at_X: scored.at_X, config: config.llama };
  return nextTokenLoss(unembedAt(model.llama, text_BTD, options), scored);
}

function checkPlan(plan: DesignPlan): void {
  const { batchSize, config, features, trains, writer } = plan;
  const { microBatchSize = batchSize } = plan;
  checkFeatures("trainDesign", config, features);
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
