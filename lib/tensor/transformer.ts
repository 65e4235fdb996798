import * as tf from "@tensorflow/tfjs";
import { mergeHeads } from "./layers.ts";
import { dims } from "./shapes.ts";
import { noTap, type Tap } from "./tap.ts";

/** Scale and shift of a LayerNorm. */
export type Norm = {
  readonly scale_E: tf.Tensor1D;
  readonly shift_E: tf.Tensor1D;
};

/** A matrix and what is added to its product. */
export type Affine = {
  readonly weight_EX: tf.Tensor2D;
  readonly bias_X: tf.Tensor1D;
};

export type Attention = {
  /** Columns: the queries of all heads, then the keys, then the values. */
  readonly queryKeyValue: Affine;
  readonly output: Affine;
};

export type Mlp = { readonly up: Affine; readonly down: Affine };

/** Mean 0 and variance 1 over the last axis, then scale and shift. */
export function layerNorm<X extends tf.Tensor>(
  x: X,
  { scale_E, shift_E }: Norm,
  epsilon: number,
): X {
  const centered = x.sub(x.mean(-1, true));
  const variance = centered.square().mean(-1, true);
  return centered
    .mul(variance.add(epsilon).rsqrt())
    .mul(scale_E)
    .add(shift_E) as X;
}

/** The product with a matrix, plus a bias, at every position. */
export function affine(
  x_BME: tf.Tensor3D,
  { bias_X, weight_EX }: Affine,
): tf.Tensor3D {
  const { B, M, E } = dims("affine", x_BME, "BME");
  const { X } = dims("affine", weight_EX, "EX", { E });
  const x_XE = x_BME.reshape<tf.Tensor2D>([B * M, E]);
  return x_XE.matMul(weight_EX).add(bias_X).reshape([B, M, X]);
}

/** x times the normal distribution's share below x: the erf form. */
export function gelu<X extends tf.Tensor>(x: X): X {
  return x.mul(0.5).mul(x.mul(Math.SQRT1_2).erf().add(1)) as X;
}

export function mlp(x_BME: tf.Tensor3D, { down, up }: Mlp): tf.Tensor3D {
  return affine(gelu(affine(x_BME, up)), down);
}

export interface SelfAttentionOptions {
  readonly nHeads: number;
  /** Added to the scores; X is N heads, or N heads of G groups in turn. */
  readonly bias_XMM?: tf.Tensor3D;
  /** Name of the pattern for `tap`. */
  readonly name?: string;
  readonly tap?: Tap;
}

/** Every position asks every other one. */
export function selfAttention(
  x_BME: tf.Tensor3D,
  { output, queryKeyValue }: Attention,
  options: SelfAttentionOptions,
): tf.Tensor3D {
  const { bias_XMM, name = "attn", nHeads: N, tap = noTap } = options;
  const { B, M, E } = dims("selfAttention", x_BME, "BME");
  const H = E / N;
  if (!Number.isInteger(H)) {
    throw new RangeError(
      `selfAttention: expected a width divisible by ${N} heads, got ${E}`,
    );
  }
  const all_BXMH: tf.Tensor4D = affine(x_BME, queryKeyValue)
    .reshape<tf.Tensor4D>([B, M, 3 * N, H])
    .transpose([0, 2, 1, 3]);
  const part = (i: number) =>
    all_BXMH.slice([0, i * N, 0, 0], [B, N, M, H]) as tf.Tensor4D;
  const scores_BNMM: tf.Tensor4D = tf.matMul(
    part(0).mul<tf.Tensor4D>(H ** -0.5),
    part(1),
    false,
    true,
  );
  const pattern_BNMM = tap(
    `${name}.hook_pattern`,
    tf.softmax(
      bias_XMM ? addBias(scores_BNMM, bias_XMM) : scores_BNMM,
    ) as tf.Tensor4D,
  );
  const z_BNMH: tf.Tensor4D = tf.matMul(pattern_BNMM, part(2));
  return affine(mergeHeads(z_BNMH), output);
}

/** Row g of the batch gets the bias of group g modulo G. */
function addBias(scores_BNMM: tf.Tensor4D, bias_XMM: tf.Tensor3D): tf.Tensor4D {
  const { B, N, M } = dims("addBias", scores_BNMM, "BNMM");
  const { X } = dims("addBias", bias_XMM, "XMM", { M });
  const scores_BXMM = scores_BNMM.reshape<tf.Tensor4D>([(B * N) / X, X, M, M]);
  return scores_BXMM.add(bias_XMM).reshape([B, N, M, M]);
}
