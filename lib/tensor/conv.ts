import * as tf from "@tensorflow/tfjs";

/** A convolution over frames and bands, and what is added to its sums. */
export type Conv = {
  /** Frames and bands that it spans, what it takes and what it gives. */
  readonly kernel_FLEX: tf.Tensor4D;
  readonly bias_X: tf.Tensor1D;
};

/** A convolution that keeps the size, then what is above 0 of it. */
export function convRelu(
  x_BFLE: tf.Tensor4D,
  { bias_X, kernel_FLEX }: Conv,
): tf.Tensor4D {
  return tf.fused.conv2d({
    x: x_BFLE,
    filter: kernel_FLEX,
    strides: 1,
    pad: "same",
    bias: bias_X,
    activation: "relu",
  });
}

/** A batch norm's stored numbers, one for each channel. */
export interface BatchNorm {
  readonly mean: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
  readonly weight: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
  readonly epsilon: number;
}

/** The batch norm with its stored mean and variance, as scale and shift. */
export function foldBatchNorm({
  bias,
  epsilon,
  mean,
  variance,
  weight,
}: BatchNorm): { readonly scale: Float64Array; readonly shift: Float64Array } {
  const scale = Float64Array.from(
    weight,
    (factor, i) => factor / Math.sqrt(variance[i] + epsilon),
  );
  return { scale, shift: scale.map((factor, i) => bias[i] - mean[i] * factor) };
}
