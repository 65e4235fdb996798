import * as tf from "@tensorflow/tfjs";
import { unembedAt } from "../../lib/llm/llama.ts";
import {
  type AudioLlm,
  type AudioLlmConfig,
  hearText,
} from "../../lib/pal/run/audio-llm.ts";
import { leaves, withLeaves } from "../../lib/tensor/params.ts";
import {
  type AdamwState,
  adamwDefaults,
  stepAdamw,
} from "../../lib/train/adamw.ts";
import { nextTokenLoss } from "../../lib/train/loss.ts";
import type { Batch } from "./model.ts";

/** What trains, or what does not. */
export type Part = Partial<AudioLlm>;

export type StepInput = {
  readonly state: AdamwState<Part>;
  readonly frozen: Part;
  readonly batch: Batch;
  readonly learningRate: tf.Scalar;
  readonly stepNumber: tf.Scalar;
};

/** Forward, backward and AdamW, as `fit` has them. */
export function trainingStep(config: AudioLlmConfig) {
  return ({ batch, frozen, state, ...numbers }: StepInput) => {
    const { features_BPE, scored, tokens_BT } = batch;
    const lossOf = (...values: tf.Tensor[]) => {
      const trained = withLeaves(state.params, values);
      const model = { ...frozen, ...trained } as AudioLlm;
      const input = { text_BT: tokens_BT, features: [features_BPE] };
      const text_BTD = hearText(model, input, { config });
      const options = { at_X: scored.at_X, config: config.llama };
      return nextTokenLoss(unembedAt(model.llama, text_BTD, options), scored);
    };
    const { grads, value } = tf.valueAndGrads(lossOf)(leaves(state.params));
    const options = { config: adamwDefaults, ...numbers };
    return {
      loss: value as tf.Scalar,
      state: stepAdamw(state, grads, options),
    };
  };
}
