import * as tf from "@tensorflow/tfjs";
import { isPacked, productOfPacked } from "./bfloat16.ts";
import type { Random } from "./random.ts";
import { dims } from "./shapes.ts";

/**
 * Taken from a score to forbid a look: its exponential is 0 in float32.
 *
 * Taken and not added: TensorFlow joins a product of scaled factors and a sum
 * that is spread over the batch into one operation, which takes ten to thirty
 * times as long with oneDNN.
 */
export const forbidden = 1e9;

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

/** Applies weight_DX, which may be packed, at every position. */
export function linear(
  x_BTD: tf.Tensor3D,
  weight_DX: tf.Tensor2D,
): tf.Tensor3D {
  const { B, T, D } = dims("linear", x_BTD, "BTD");
  const x_RD = x_BTD.reshape<tf.Tensor2D>([B * T, D]);
  if (isPacked(weight_DX)) {
    return productOfPacked(x_RD, weight_DX).reshape([B, T, -1]);
  }
  const { X } = dims("linear", weight_DX, "DX", { D });
  return x_RD.matMul(weight_DX).reshape([B, T, X]);
}

/** Scales each position to root mean square 1, then by scale_D. */
export function rmsNorm<X extends tf.Tensor>(
  x: X,
  scale_D: tf.Tensor1D,
  epsilon = 1e-5,
): X {
  return normalize(x, epsilon).mul(scale_D);
}

/**
 * Scales each position to root mean square 1.
 *
 * With a gradient of its own, in half the operations: of x f(x), f the inverse
 * root, it is f (dy - y mean(y dy)).
 */
function normalize<X extends tf.Tensor>(x: X, epsilon: number): X {
  return withGradient(x, (input) => {
    const inverse = input.square().mean(-1, true).add(epsilon).rsqrt();
    const y = input.mul(inverse);
    return {
      y,
      kept: [y, inverse],
      gradient: (dy, [y, inverse]) =>
        dy.sub(y.mul(y.mul(dy).mean(-1, true))).mul(inverse),
    };
  });
}

/** x times its own logistic: the gate of SwiGLU. */
export function silu<X extends tf.Tensor>(x: X): X {
  return withGradient(x, (input) => {
    const gate = input.sigmoid();
    const y = input.mul(gate);
    return {
      y,
      kept: [y, gate],
      gradient: (dy, [y, gate]) => dy.mul(gate.add(y.mul(tf.sub(1, gate)))),
    };
  });
}

/** A function of one tensor with a gradient of its own, once only. */
function withGradient<X extends tf.Tensor>(
  x: X,
  make: (input: tf.Tensor) => {
    readonly y: tf.Tensor;
    /** What the gradient needs. */
    readonly kept: tf.Tensor[];
    readonly gradient: (dy: tf.Tensor, kept: tf.Tensor[]) => tf.Tensor;
  },
): X {
  const run = tf.customGrad((input, save) => {
    const { gradient, kept, y } = make(input as tf.Tensor);
    (save as tf.GradSaveFunc)(kept);
    return { value: y, gradFunc: gradient };
  });
  return run(x) as X;
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
