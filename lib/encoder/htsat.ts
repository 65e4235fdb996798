import * as tf from "@tensorflow/tfjs";
import { linear } from "../tensor/layers.ts";
import { dims } from "../tensor/shapes.ts";
import { noTap, type Tap } from "../tensor/tap.ts";
import {
  type Affine,
  type Attention,
  affine,
  layerNorm,
  type Mlp,
  mlp,
  type Norm,
  selfAttention,
} from "../tensor/transformer.ts";
import { stretchFrames } from "./bicubic.ts";
import { type HtsatConfig, stageGrid } from "./htsat-config.ts";
import { mergedCells, unfoldedCells, windowsOf } from "./htsat-windows.ts";

/** Pre-norm: each norm stands before what it feeds. */
export type HtsatBlock = {
  readonly attentionNorm: Norm;
  readonly attention: Attention;
  /** Of relative places and, in shifted windows, between regions. */
  readonly bias_XMM: tf.Tensor3D;
  readonly mlpNorm: Norm;
  readonly mlp: Mlp;
};

export type HtsatStage = {
  readonly blocks: readonly HtsatBlock[];
  /** Four cells become one of twice the width; not after the last stage. */
  readonly merge?: { readonly norm: Norm; readonly weight_EX: tf.Tensor2D };
};

export type Htsat = {
  /** The batch norm over mel bands, as one product and one sum. */
  readonly melScale_L: tf.Tensor1D;
  readonly melShift_L: tf.Tensor1D;
  readonly patch: Affine;
  readonly patchNorm: Norm;
  readonly stages: readonly HtsatStage[];
  readonly outputNorm: Norm;
};

/**
 * Of the norms outside the blocks: the official class does not hand the
 * config's epsilon on to them.
 */
const outerEpsilon = 1e-5;

/** What a forward pass needs besides weights and input. */
export interface HtsatContext {
  readonly config: HtsatConfig;
  readonly tap?: Tap;
}

/**
 * Features of each cell of a log-mel spectrogram: CLAP's audio tower before
 * pooling.
 *
 * @param mel_BFL - log-mel in dB; F at most imageSize ** 2 / melBands
 * @returns features_BPE, time-major: cell P = step * bands + band
 */
export function runHtsat(
  htsat: Htsat,
  mel_BFL: tf.Tensor3D,
  { config, tap = noTap }: HtsatContext,
): tf.Tensor3D {
  return tf.tidy(() => {
    const image_BXX = tap("hook_image", foldImage(htsat, mel_BFL, config, tap));
    let h_BPE = tap("hook_embed", embedPatches(htsat, image_BXX, config));
    htsat.stages.forEach((stage, index) => {
      h_BPE = runStage(stage, h_BPE, { config, index, tap });
    });
    const normed_BPE = layerNorm(h_BPE, htsat.outputNorm, outerEpsilon);
    const chunks = config.imageSize / config.melBands;
    const grid = stageGrid(config, config.depths.length - 1);
    return pick(normed_BPE, unfoldedCells(grid, chunks));
  });
}

/** Stretches the frames to fill a square and folds them into it, in chunks. */
function foldImage(
  { melScale_L, melShift_L }: Htsat,
  mel_BFL: tf.Tensor3D,
  { imageSize: X, melBands: L }: HtsatConfig,
  tap: Tap,
): tf.Tensor3D {
  const { B, F } = dims("runHtsat", mel_BFL, "BFL", { L });
  const chunks = X / L;
  if (F < 1 || F > chunks * X) {
    throw new RangeError(
      `runHtsat: expected 1 to ${chunks * X} frames, got ${F}; crop the clip`,
    );
  }
  const normed_BFL: tf.Tensor3D = tap(
    "hook_mel_norm",
    mel_BFL.mul(melScale_L).add<tf.Tensor3D>(melShift_L),
  );
  return stretchFrames(normed_BFL, chunks * X)
    .reshape<tf.Tensor4D>([B, chunks, X, L])
    .transpose([0, 1, 3, 2])
    .reshape([B, X, X]);
}

function embedPatches(
  { patch, patchNorm }: Htsat,
  image_BXX: tf.Tensor3D,
  { imageSize, patch: size }: HtsatConfig,
): tf.Tensor3D {
  const { B } = dims("runHtsat", image_BXX, "BXX", { X: imageSize });
  const grid = imageSize / size;
  const pixels_BPX: tf.Tensor3D = image_BXX
    .reshape<tf.Tensor4D>([B * grid, size, grid, size])
    .transpose([0, 2, 1, 3])
    .reshape([B, grid * grid, size * size]);
  return layerNorm(affine(pixels_BPX, patch), patchNorm, outerEpsilon);
}

interface StageContext extends Required<HtsatContext> {
  readonly index: number;
}

function runStage(
  { blocks, merge }: HtsatStage,
  h_BPE: tf.Tensor3D,
  context: StageContext,
): tf.Tensor3D {
  const { config, index, tap } = context;
  blocks.forEach((block, depth) => {
    // Each block frees what it made: a batch of clips would need gigabytes.
    h_BPE = tf.tidy(() => runBlock(block, h_BPE, { ...context, depth }));
  });
  if (merge) h_BPE = mergePatches(merge, h_BPE, stageGrid(config, index));
  return tap(`stages.${index}.hook_out`, h_BPE);
}

interface BlockContext extends StageContext {
  readonly depth: number;
}

function runBlock(
  block: HtsatBlock,
  pre_BPE: tf.Tensor3D,
  context: BlockContext,
): tf.Tensor3D {
  const { config, depth, index, tap } = context;
  dims("runHtsat", pre_BPE, "BPE", { P: stageGrid(config, index) ** 2 });
  // Each half frees what it made: patterns and hidden layers are large.
  const mid_BPE = tf.tidy(() =>
    pre_BPE.add<tf.Tensor3D>(attendInWindows(block, pre_BPE, context)),
  );
  const mlpOut_BPE = tf.tidy(() =>
    mlp(layerNorm(mid_BPE, block.mlpNorm, config.normEpsilon), block.mlp),
  );
  const name = `stages.${index}.blocks.${depth}.hook_out`;
  return tap(name, mid_BPE.add(mlpOut_BPE));
}

/** What each cell takes from those in its window. */
function attendInWindows(
  block: HtsatBlock,
  pre_BPE: tf.Tensor3D,
  { config, depth, index, tap }: BlockContext,
): tf.Tensor3D {
  const { B, E } = dims("attendInWindows", pre_BPE, "BPE");
  const { cells, count, places, size } = windowsOf({
    grid: stageGrid(config, index),
    isShifted: depth % 2 === 1,
    window: config.window,
  });
  const normed_BPE = layerNorm(
    pre_BPE,
    block.attentionNorm,
    config.normEpsilon,
  );
  // Windows ride on the batch axis: many small, separate attentions.
  const asking_BME = pick(padTo(normed_BPE, cells), cells).reshape<tf.Tensor3D>(
    [B * count, size, E],
  );
  const z_BME = selfAttention(asking_BME, block.attention, {
    nHeads: config.nHeads[index],
    bias_XMM: block.bias_XMM,
    name: `stages.${index}.blocks.${depth}.attn`,
    tap,
  });
  return pick(z_BME.reshape<tf.Tensor3D>([B, cells.length, E]), places);
}

/** One empty row at the end if the windows reach beyond the grid. */
function padTo(x_BPE: tf.Tensor3D, cells: Int32Array): tf.Tensor3D {
  const { P } = dims("padTo", x_BPE, "BPE");
  if (cells.length === P) return x_BPE;
  return x_BPE.pad([
    [0, 0],
    [0, 1],
    [0, 0],
  ]);
}

/** The cells in another order. */
function pick(x_BPE: tf.Tensor3D, cells: Int32Array): tf.Tensor3D {
  return tf.gather(x_BPE, tf.tensor1d(cells, "int32"), 1);
}

function mergePatches(
  { norm, weight_EX }: NonNullable<HtsatStage["merge"]>,
  h_BPE: tf.Tensor3D,
  grid: number,
): tf.Tensor3D {
  const { B, P, E } = dims("mergePatches", h_BPE, "BPE", { P: grid * grid });
  const four_BPE = pick(h_BPE, mergedCells(grid)).reshape<tf.Tensor3D>([
    B,
    P / 4,
    4 * E,
  ]);
  return linear(layerNorm(four_BPE, norm, outerEpsilon), weight_EX);
}
