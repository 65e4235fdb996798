import * as tf from "@tensorflow/tfjs";
import type { AudioLlm } from "../pal/run/audio-llm.ts";
import { disposeTensors, type Tensors } from "../tensor/params.ts";
import { type DesignPlan, openTraining } from "./design.ts";
import { hashOfTensors } from "./run/identity.ts";

/** A batch, and what a model makes of it before it learns from it. */
export interface SeenBatch {
  /** sha256, in hex, of the batch's tensors with their names and shapes. */
  readonly sha256: string;
  /** In nats per token. */
  readonly loss: number;
}

/**
 * The first batch of a plan's training, whole, and the model's loss on it.
 *
 * Two designs that are compared are given the same: the hash does not depend
 * on what they are, only on what they hear and read.
 */
export async function firstBatch(
  plan: DesignPlan,
  model: AudioLlm,
): Promise<SeenBatch> {
  const { batchSize: microBatchSize } = plan;
  // What a frozen model makes of a text belongs to the design.
  const whole = { ...plan, microBatchSize, keepsReads: false };
  const { dispose, training } = openTraining(whole, model);
  try {
    const batch = await training.batchAt(0, 0);
    const { frozen, loss, params } = training;
    const [value] = tf.tidy(() => loss(params, frozen, batch).dataSync());
    const sha256 = hashOfTensors(batch as Tensors);
    disposeTensors(batch as Tensors);
    return { sha256, loss: value };
  } finally {
    dispose();
  }
}
