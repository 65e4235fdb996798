import * as tf from "@tensorflow/tfjs";
import type { Random } from "./random.ts";
import { dims } from "./shapes.ts";

/** Added to a score to forbid a look: its exponential is 0 in float32. */
export const forbidden = -1e9;

/** Splits the last axis into heads: x_BTX to x_BNTH. */
export function splitHeads(x_BTX: tf.Tensor3D, N: number): tf.Tensor4D {
  const { B, T, X } = dims("splitHeads", x_BTX, "BTX");
  if (X % N !== 0) {
    throw new RangeError(
      `splitHeads: expected X divisible by N=${N}, got X=${X}`,
    );
  }
  return x_BTX.reshape<tf.Tensor4D>([B, T, N, X / N]).transpose([0, 2, 1, 3]);
}

/** Joins heads into one axis: z_BNTH to z_BTX. */
export function mergeHeads(z_BNTH: tf.Tensor4D): tf.Tensor3D {
  const { B, N, T, H } = dims("mergeHeads", z_BNTH, "BNTH");
  return z_BNTH.transpose([0, 2, 1, 3]).reshape([B, T, N * H]);
}

/** The last S rows of a stream of M. */
export function lastRows(x_BMD: tf.Tensor3D, S: number): tf.Tensor3D {
  const { B, M, D } = dims("lastRows", x_BMD, "BMD");
  return S === M ? x_BMD : x_BMD.slice([0, M - S, 0], [B, S, D]);
}

/** Applies weight_DX at every position. */
export function linear(
  x_BTD: tf.Tensor3D,
  weight_DX: tf.Tensor2D,
): tf.Tensor3D {
  const { B, T, D } = dims("linear", x_BTD, "BTD");
  const { X } = dims("linear", weight_DX, "DX", { D });
  return x_BTD
    .reshape<tf.Tensor2D>([B * T, D])
    .matMul(weight_DX)
    .reshape([B, T, X]);
}

/** Scales each position to root mean square 1, then by scale_D. */
export function rmsNorm<X extends tf.Tensor>(
  x: X,
  scale_D: tf.Tensor1D,
  epsilon = 1e-5,
): X {
  const meanSquare = x.square().mean(-1, true);
  return x.mul(meanSquare.add(epsilon).rsqrt()).mul(scale_D);
}

/** x times its own logistic: the gate of SwiGLU. */
export function silu<X extends tf.Tensor>(x: X): X {
  return x.mul(x.sigmoid());
}

/** A matrix of normal numbers; `scale` is their standard deviation. */
export function normalMatrix(
  chance: Random,
  [rows, columns]: readonly [number, number],
  scale: number,
): tf.Tensor2D {
  const values = Float32Array.from(
    { length: rows * columns },
    () => scale * chance.normal(),
  );
  return tf.tensor2d(values, [rows, columns]);
}
