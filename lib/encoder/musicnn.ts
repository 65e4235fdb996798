import * as tf from "@tensorflow/tfjs";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { fieldsOf, type RawConfig } from "../checkpoint/config-fields.ts";
import type { Conv } from "../tensor/conv.ts";
import { dims } from "../tensor/shapes.ts";
import { noTap, type Tap } from "../tensor/tap.ts";

/** Sizes of musicnn, whose filters are shaped as timbre and rhythm are. */
export interface MusicnnConfig {
  /** Channels of each of the two filters over frequency. */
  readonly timbral: number;
  /** Channels of each of the three filters over time. */
  readonly temporal: number;
  /** Channels of each of the three layers behind them. */
  readonly middle: number;
  readonly melBands: number;
  /** Frames of a window, which the network hears apart from the others. */
  readonly windowFrames: number;
  /** Frames within the crop; those that fill up the last window are left out. */
  readonly steps: number;
}

/** Frames and bands that each convolution of the front-end spans. */
export const timbralKernels = [
  [7, 38],
  [7, 67],
] as const;
export const temporalKernels = [
  [128, 1],
  [64, 1],
  [32, 1],
] as const;
/** Convolutions behind them, and the frames that each spans. */
export const nMiddle = 3;
export const middleFrames = 7;

/** A convolution, what is above 0 of it, and then a batch norm. */
export type ConvNorm = Conv & {
  readonly scale_X: tf.Tensor1D;
  readonly shift_X: tf.Tensor1D;
};

/**
 * One whose largest value over the bands is taken. Where the norm turns a
 * channel's sign, the largest one is the smallest before: such a channel's
 * kernel is stored with its sign turned, and `sign_X` turns it back.
 */
export type PooledConv = ConvNorm & { readonly sign_X: tf.Tensor1D };

export type Musicnn = {
  /** The batch norm of the picture: one product and one sum for all bands. */
  readonly melScale_1: tf.Tensor1D;
  readonly melShift_1: tf.Tensor1D;
  /** Two filters over frequency, three over time. */
  readonly filters: readonly PooledConv[];
  readonly middle: readonly ConvNorm[];
};

/** musicnn's sizes; its package has no config of them: the tensors tell. */
export function musicnnConfig(
  raw: RawConfig,
  checkpoint?: Checkpoint,
): MusicnnConfig {
  const fields = fieldsOf("musicnnConfig", raw);
  const channels = (name: string, key: string, otherwise: number) =>
    checkpoint?.tensors.get(`${name}/kernel`)?.shape[3] ??
    fields.count(key, otherwise);
  return {
    timbral: channels("conv2d", "timbral", 204),
    temporal: channels("conv2d_2", "temporal", 51),
    middle: channels("conv2d_5", "middle", 64),
    melBands: 96,
    windowFrames: 187,
    steps: 626,
  };
}

/** Numbers of a frame that the filters give. */
export const filtersWidth = ({ temporal, timbral }: MusicnnConfig) =>
  timbralKernels.length * timbral + temporalKernels.length * temporal;

/** Numbers of a frame, E: the filters' and those of each layer behind them. */
export const musicnnWidth = (config: MusicnnConfig) =>
  filtersWidth(config) + nMiddle * config.middle;

/** What a forward pass needs besides weights and input. */
export interface MusicnnContext {
  readonly config: MusicnnConfig;
  readonly tap?: Tap;
}

/**
 * Features of each frame: what musicnn pools over time before it names tags.
 *
 * Windows of 3 s are heard apart, as the package does. It drops what is left at
 * the end; here the picture is filled up, and the frames that fill it are left
 * out of what is returned.
 *
 * @param mel_BFL - log-mel; F a multiple of the window's frames
 * @returns features_BPE, a cell a frame: the filters' numbers come first
 */
export function runMusicnn(
  musicnn: Musicnn,
  mel_BFL: tf.Tensor3D,
  { config, tap = noTap }: MusicnnContext,
): tf.Tensor3D {
  const { melBands: L, steps, windowFrames } = config;
  const { B, F } = dims("runMusicnn", mel_BFL, "BFL", { L });
  const windows = F / windowFrames;
  if (!Number.isInteger(windows) || windows === 0) {
    throw new RangeError(
      `runMusicnn: expected whole windows of ${windowFrames} frames, ` +
        `got ${F} frames; pad the clip`,
    );
  }
  return tf.tidy(() => {
    const { filters, melScale_1, melShift_1, middle } = musicnn;
    const picture_GFL1: tf.Tensor4D = mel_BFL
      .mul(melScale_1)
      .add(melShift_1)
      .reshape([B * windows, windowFrames, L, 1]);
    const heard_GFE: tf.Tensor3D[] = [
      tap(
        "hook_filters",
        tf.concat(
          filters.map((filter) => pooled(picture_GFL1, filter)),
          2,
        ),
      ),
    ];
    let x_GFE = heard_GFE[0];
    middle.forEach((layer, i) => {
      const out_GFE = overTime(x_GFE, layer);
      x_GFE = i === 0 ? out_GFE : out_GFE.add(x_GFE);
      heard_GFE.push(tap(`middle.${i}.hook_out`, x_GFE));
    });
    const E = musicnnWidth(config);
    const all_BPE = tf.concat(heard_GFE, 2).reshape<tf.Tensor3D>([B, F, E]);
    return all_BPE.slice([0, 0, 0], [B, Math.min(F, steps), E]);
  });
}

/** A filter at every frame and band, then the largest of each frame's bands. */
function pooled(
  picture_GFL1: tf.Tensor4D,
  { bias_X, kernel_FLEX, scale_X, shift_X, sign_X }: PooledConv,
): tf.Tensor3D {
  // Freed here: it has an entry for every frame, band and channel.
  return tf.tidy(() => {
    const [frames] = kernel_FLEX.shape;
    const padded_GFL1 = padFrames(picture_GFL1, frames);
    const most_GFX: tf.Tensor3D = tf
      .conv2d(padded_GFL1, kernel_FLEX, 1, "valid")
      .max(2);
    return most_GFX
      .mul(sign_X)
      .add(bias_X)
      .relu()
      .mul(scale_X)
      .add<tf.Tensor3D>(shift_X);
  });
}

/** A layer behind the filters: at each frame, some frames around it. */
function overTime(
  x_GFE: tf.Tensor3D,
  { bias_X, kernel_FLEX, scale_X, shift_X }: ConvNorm,
): tf.Tensor3D {
  return tf.tidy(() =>
    tf.fused
      .conv2d({
        x: x_GFE.expandDims<tf.Tensor4D>(2),
        filter: kernel_FLEX,
        strides: 1,
        pad: "same",
        bias: bias_X,
        activation: "relu",
      })
      .squeeze<tf.Tensor3D>([2])
      .mul(scale_X)
      .add<tf.Tensor3D>(shift_X),
  );
}

/** Frames of zeros so that as many come out as went in, as TensorFlow's. */
function padFrames(x_GFL1: tf.Tensor4D, frames: number): tf.Tensor4D {
  const before = Math.floor((frames - 1) / 2);
  return x_GFL1.pad([
    [0, 0],
    [before, frames - 1 - before],
    [0, 0],
    [0, 0],
  ]);
}
