import * as tf from "@tensorflow/tfjs";
import { initLlama } from "../../lib/llm/llama.ts";
import {
  type AudioLlm,
  initAudioConnector,
} from "../../lib/pal/run/audio-llm.ts";
import { random } from "../../lib/tensor/random.ts";
import type { Scored } from "../../lib/train/loss.ts";
import { noise, noisyWeights } from "../engine/weights.ts";
import type { Task } from "./tasks.ts";

/** The same weights as in PyTorch. */
export function noisyModel({ config }: Task): AudioLlm {
  // The numbers are replaced: none need be drawn.
  const zeros = { ...random("bench"), normal: () => 0 };
  return {
    llama: noisyWeights(initLlama(config.llama, zeros)),
    connector: noisyWeights(initAudioConnector(config, zeros)),
  };
}

export type Batch = {
  readonly features_BPE: tf.Tensor3D;
  readonly tokens_BT: tf.Tensor2D;
  readonly scored: Scored;
};

/** The same batch as in PyTorch. */
export function batchOf({
  B,
  T,
  answer,
  config,
}: Pick<Task, "B" | "T" | "answer" | "config">): Batch {
  const [{ grid, width: E }] = config.encoders;
  const P = grid.steps * grid.bands;
  const ids = Array.from(
    { length: B * T },
    (_, i) => (i * i * 31 + i * 7) % 50,
  );
  const at = Array.from({ length: B * answer }, (_, i) => {
    const row = Math.floor(i / answer);
    return row * T + T - 1 - answer + (i % answer);
  });
  const target = at.map((place) => ids[place + 1]);
  return {
    features_BPE: tf.tensor3d(noise(B * P * E, 1000, 1), [B, P, E]),
    tokens_BT: tf.tensor2d(ids, [B, T], "int32"),
    scored: {
      at_X: tf.tensor1d(at, "int32"),
      target_X: tf.tensor1d(target, "int32"),
      weight_X: tf.ones([at.length]),
    },
  };
}
