import * as tf from "@tensorflow/tfjs";
import { rmsNorm } from "../tensor/layers.ts";
import { dims } from "../tensor/shapes.ts";

/**
 * A projection to heads of which each reads a stream of its own, b, p, h,
 * d_model, that a tap can change: the edges of path patching.
 *
 * Takes as many copies of the stream as there are heads, so it runs only for
 * who asks.
 *
 * @param see - shows the copies, before the norm, and returns what goes on
 * @returns x_BMNH
 */
export function perHeadInputs(
  x_BMD: tf.Tensor3D,
  weight_DX: tf.Tensor2D,
  options: {
    readonly N: number;
    readonly scale_D: tf.Tensor1D;
    readonly epsilon: number;
    readonly see: (x_BMND: tf.Tensor4D) => tf.Tensor4D;
  },
): tf.Tensor4D {
  const { epsilon, N, scale_D, see } = options;
  const { B, M, D } = dims("perHeadInputs", x_BMD, "BMD");
  const { X } = dims("perHeadInputs", weight_DX, "DX", { D });
  const x_BMND = see(x_BMD.expandDims<tf.Tensor4D>(2).tile([1, 1, N, 1]));
  const normed_NXD = rmsNorm(x_BMND, scale_D, epsilon)
    .transpose([2, 0, 1, 3])
    .reshape<tf.Tensor3D>([N, B * M, D]);
  const weight_NDH = weight_DX.reshape([D, N, X / N]).transpose([1, 0, 2]);
  return tf
    .matMul(normed_NXD, weight_NDH)
    .reshape([N, B, M, X / N])
    .transpose([1, 2, 0, 3]);
}
