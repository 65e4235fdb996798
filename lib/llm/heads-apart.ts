import * as tf from "@tensorflow/tfjs";
import { unpacked } from "../tensor/bfloat16.ts";
import { rmsNorm } from "../tensor/layers.ts";
import { dims } from "../tensor/shapes.ts";
import { isAsked, type Tap } from "../tensor/tap.ts";

/**
 * A projection to heads of which each reads a stream of its own, b, p, h,
 * d_model, that a tap can change: the edges of path patching.
 *
 * Takes as many copies of the stream as there are heads, so it runs only where
 * the tap asks for `hook`; the copies are shown before the norm.
 *
 * @returns x_BMNH, or nothing where nobody asks
 */
export function headsApart(
  x_BMD: tf.Tensor3D,
  weight: () => tf.Tensor2D,
  options: {
    readonly N: number;
    readonly scale_D: tf.Tensor1D;
    readonly epsilon: number;
    readonly tap: Tap;
    readonly hook: string;
  },
): tf.Tensor4D | undefined {
  const { epsilon, hook, N, scale_D, tap } = options;
  if (!isAsked(tap, hook)) return undefined;
  const weight_DX = unpacked(weight());
  const { B, M, D } = dims("headsApart", x_BMD, "BMD");
  const { X } = dims("headsApart", weight_DX, "DX", { D });
  const copies = x_BMD.expandDims<tf.Tensor4D>(2).tile([1, 1, N, 1]);
  const x_BMND = tap(hook, copies as tf.Tensor4D);
  const normed_NXD = rmsNorm(x_BMND, scale_D, epsilon)
    .transpose([2, 0, 1, 3])
    .reshape<tf.Tensor3D>([N, B * M, D]);
  const weight_NDH = weight_DX.reshape([D, N, X / N]).transpose([1, 0, 2]);
  return tf
    .matMul(normed_NXD, weight_NDH)
    .reshape([N, B, M, X / N])
    .transpose([1, 2, 0, 3]);
}

/** What each head adds, b, p, h, d_model, seen and then summed. */
export function sumOfHeads(
  output_XD: tf.Tensor2D,
  z_BSNH: tf.Tensor4D,
  see: (result_BSND: tf.Tensor4D) => tf.Tensor4D,
): tf.Tensor3D {
  const { B, S, N, H } = dims("sumOfHeads", z_BSNH, "BSNH");
  const whole_XD = unpacked(output_XD);
  const [, D] = whole_XD.shape;
  const z_NXH = z_BSNH.transpose([2, 0, 1, 3]).reshape([N, B * S, H]);
  const result_NXD = tf.matMul(z_NXH, whole_XD.reshape([N, H, D]));
  const result_BSND = result_NXD
    .reshape([N, B, S, D])
    .transpose<tf.Tensor4D>([1, 2, 0, 3]);
  return see(result_BSND).sum(2);
}
