import * as tf from "@tensorflow/tfjs";
import { initLlama } from "../../lib/llm/llama.ts";
import {
  type AudioLlm,
  initAudioConnector,
} from "../../lib/pal/run/audio-llm.ts";
import { mapTensors, type Tensors } from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import type { Scored } from "../../lib/train/loss.ts";
import type { Task } from "./tasks.ts";

/** Numbers in -scale..scale that look random and that Python makes as well. */
function noise(n: number, seed: number, scale: number): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => {
    const wave = 43758.5453 * Math.sin(12.9898 * (i + 1) + 78.233 * seed);
    return scale * (2 * (wave - Math.floor(wave)) - 1);
  });
}

/** The same weights as in PyTorch; the LLM's norms stay 1. */
export function noisyModel({ config }: Task): AudioLlm {
  let seed = 0;
  const noisy = <M extends Tensors>(tree: M): M =>
    mapTensors(tree, ({ shape, size }) =>
      tf.tensor(noise(size, seed++, 0.05), shape),
    );
  // The numbers are replaced: none need be drawn.
  const zeros = { ...random("bench"), normal: () => 0 };
  const llama = initLlama(config.llama, zeros);
  const { embedding_VD } = noisy({ embedding_VD: llama.embedding_VD });
  const blocks = llama.blocks.map((block) => {
    const { attnNorm_D, ffnNorm_D } = block;
    return { ...noisy(block), attnNorm_D, ffnNorm_D };
  });
  return {
    llama: { ...llama, embedding_VD, blocks },
    connector: noisy(initAudioConnector(config, zeros)),
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
