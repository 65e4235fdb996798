import * as tf from "@tensorflow/tfjs";
import {
  leaves,
  mapTensors,
  type Tensors,
  withLeaves,
} from "../tensor/params.ts";

/** AdamW's constants; the paper states none of them (A.1: AdamW, cosine). */
export interface AdamwConfig {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Share of a matrix taken away per unit of learning rate. */
  readonly weightDecay: number;
  /** Longest gradient, over all parameters together. */
  readonly maxGradientNorm: number;
}

export const adamwDefaults: AdamwConfig = {
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-8,
  weightDecay: 0.01,
  maxGradientNorm: 1,
};

/** Parameters with their running means of gradient and squared gradient. */
export type AdamwState<P extends Tensors> = {
  readonly params: P;
  readonly mean: P;
  readonly square: P;
};

/** State before the first step; the parameters are copied. */
export function startAdamw<P extends Tensors>(params: P): AdamwState<P> {
  return {
    params: mapTensors(params, (leaf) => leaf.clone()),
    mean: mapTensors(params, (leaf) => tf.zerosLike(leaf)),
    square: mapTensors(params, (leaf) => tf.zerosLike(leaf)),
  };
}

/**
 * The state after one step of AdamW: decoupled decay, of matrices only.
 *
 * What changes between steps comes as tensors, so that the step can be
 * compiled.
 *
 * @param gradients - in the order of `leaves(state.params)`
 * @param stepNumber - from 1
 */
export function stepAdamw<P extends Tensors>(
  state: AdamwState<P>,
  gradients: readonly tf.Tensor[],
  {
    config,
    learningRate,
    stepNumber,
  }: {
    readonly config: AdamwConfig;
    readonly learningRate: tf.Scalar;
    readonly stepNumber: tf.Scalar;
  },
): AdamwState<P> {
  const { beta1, beta2, epsilon, weightDecay } = config;
  const clip = clipFactor(gradients, config.maxGradientNorm);
  const unbias = (beta: number) =>
    tf.sub(1, tf.pow(tf.scalar(beta), stepNumber));
  const unbias1 = unbias(beta1);
  const unbias2 = unbias(beta2);
  const means = leaves(state.mean);
  const squares = leaves(state.square);

  const next = leaves(state.params).map((param, i) => {
    const gradient = gradients[i].mul(clip);
    const mean = means[i].mul(beta1).add(gradient.mul(1 - beta1));
    const square = squares[i].mul(beta2).add(gradient.square().mul(1 - beta2));
    const step = mean.div(unbias1).div(square.div(unbias2).sqrt().add(epsilon));
    const decayed = param.rank < 2 ? step : step.add(param.mul(weightDecay));
    return { param: param.sub(decayed.mul(learningRate)), mean, square };
  });
  return {
    params: withLeaves(
      state.params,
      next.map((one) => one.param),
    ),
    mean: withLeaves(
      state.mean,
      next.map((one) => one.mean),
    ),
    square: withLeaves(
      state.square,
      next.map((one) => one.square),
    ),
  };
}

/** 1, or less where the gradients together are longer than `longest`. */
function clipFactor(
  gradients: readonly tf.Tensor[],
  longest: number,
): tf.Tensor {
  const squares = gradients.map((gradient) => gradient.square().sum());
  const norm = tf.addN(squares).sqrt();
  return tf.minimum(1, tf.div(longest, norm.add(1e-12)));
}
