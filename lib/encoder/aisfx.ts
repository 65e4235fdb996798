import * as tf from "@tensorflow/tfjs";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { fieldsOf, type RawConfig } from "../checkpoint/config-fields.ts";
import { type Conv, convRelu } from "../tensor/conv.ts";
import { dims } from "../tensor/shapes.ts";
import { noTap, type Tap } from "../tensor/tap.ts";

/** Sizes of aiSFX, a VGG over a log-mel picture. */
export interface AisfxConfig {
  /** Channels of the first block; each block has twice those before it. */
  readonly channels: number;
  readonly nBlocks: number;
  readonly melBands: number;
}

export type Aisfx = {
  readonly blocks: readonly {
    readonly first: Conv;
    readonly second: Conv;
  }[];
};

/** aiSFX's sizes; its package has no config, so the tensors tell them. */
export function aisfxConfig(
  raw: RawConfig,
  checkpoint?: Checkpoint,
): AisfxConfig {
  const first = checkpoint?.tensors.get(convName(0, 1))?.shape[0];
  const fields = fieldsOf("aisfxConfig", raw);
  return {
    channels: first ?? fields.count("channels", 64),
    nBlocks: 4,
    melBands: 96,
  };
}

/** The package's name of a block's convolution, both from 0 and 1 on. */
export const convName = (block: number, conv: number) =>
  `embedding_net.conv_block${block + 1}.conv${conv}.weight`;

/** Numbers in each cell's feature vector, E. */
export const aisfxWidth = ({ channels, nBlocks }: AisfxConfig) =>
  channels * 2 ** (nBlocks - 1);

/** Frames, and mel bands, that become one: each block but the last halves. */
export const aisfxStride = ({ nBlocks }: AisfxConfig) => 2 ** (nBlocks - 1);

/** What a forward pass needs besides weights and input. */
export interface AisfxContext {
  readonly config: AisfxConfig;
  readonly tap?: Tap;
}

/**
 * Features of each cell of a log-mel picture: aiSFX before it takes the mean
 * over bands and the maximum over time.
 *
 * The whole picture goes through at once. The package cuts it into blocks of 100
 * frames, half of each in the next; a cell a block's edge away is the same there.
 *
 * @param mel_BFL - log-mel as the package divides it; F at least a cell's frames,
 *   those that fill no cell are left out
 * @returns features_BPE, time-major: cell P = step * bands + band
 */
export function runAisfx(
  { blocks }: Aisfx,
  mel_BFL: tf.Tensor3D,
  { config, tap = noTap }: AisfxContext,
): tf.Tensor3D {
  const { B, F } = dims("runAisfx", mel_BFL, "BFL", { L: config.melBands });
  const stride = aisfxStride(config);
  if (F < stride) {
    throw new RangeError(
      `runAisfx: expected at least ${stride} frames, got ${F}; pad the clip`,
    );
  }
  return tf.tidy(() => {
    let x_BFLE: tf.Tensor4D = mel_BFL.expandDims(3);
    blocks.forEach(({ first, second }, i) => {
      const isLast = i === blocks.length - 1;
      // Each block frees what it made: a batch of clips would need gigabytes.
      const out_BFLE = tf.tidy(() => {
        const both_BFLE = convRelu(convRelu(x_BFLE, first), second);
        return isLast ? both_BFLE : tf.maxPool(both_BFLE, 2, 2, "valid");
      });
      x_BFLE = tap(`blocks.${i}.hook_out`, out_BFLE);
    });
    const [, steps, bands, E] = x_BFLE.shape;
    return x_BFLE.reshape<tf.Tensor3D>([B, steps * bands, E]);
  });
}
