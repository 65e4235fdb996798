import * as tf from "@tensorflow/tfjs";
import { fused } from "../engine/graph/fused.ts";
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

/**
 * Numbers above which a step's passes over memory cost more than a compilation
 * that joins them: at 32 M they take 89 ms, joined 38.
 */
const fuseAbove = 4_000_000;

export const adamwDefaults: AdamwConfig = {
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-8,
  weightDecay: 0.01,
  maxGradientNorm: 1,
};

/**
 * Parameters with their running means of gradient and squared gradient.
 *
 * The means of all parameters lie in one vector each, in the order of
 * `leaves(params)`: one operation over them all instead of one for each leaf.
 */
export type AdamwState<P extends Tensors> = {
  readonly params: P;
  readonly mean_X: tf.Tensor1D;
  readonly square_X: tf.Tensor1D;
};

/** State before the first step; the parameters are copied. */
export function startAdamw<P extends Tensors>(params: P): AdamwState<P> {
  const X = leaves(params).reduce((sum, leaf) => sum + leaf.size, 0);
  return {
    params: mapTensors(params, (leaf) => leaf.clone()),
    mean_X: tf.zeros([X]),
    square_X: tf.zeros([X]),
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
  const run = state.mean_X.size > fuseAbove ? fused : plainly;
  return run(() => {
    const { beta1, beta2, epsilon, weightDecay } = config;
    const unbias = (beta: number) =>
      tf.sub(1, tf.pow(tf.scalar(beta), stepNumber));
    // Numbers that hold for all parameters are gathered into one, so that the
    // vectors, which do not fit into a cache, are passed over less often.
    const gradient_X = flatten(gradients);
    const squared_X = gradient_X.square();
    const shrink = shortening(squared_X.sum(), config.maxGradientNorm);
    const mean_X: tf.Tensor1D = state.mean_X
      .mul(beta1)
      .add(gradient_X.mul(shrink.mul(1 - beta1)));
    const square_X: tf.Tensor1D = state.square_X
      .mul(beta2)
      .add(squared_X.mul(shrink.square().mul(1 - beta2)));
    const spread = unbias(beta2).sqrt();
    const rate = learningRate.mul(spread).div(unbias(beta1));
    const deviation_X = square_X.sqrt().add(spread.mul(epsilon));
    const step_X: tf.Tensor1D = mean_X.div(deviation_X).mul(rate);

    const kept = tf.sub(1, learningRate.mul(weightDecay));
    const params = leaves(state.params);
    const steps = unflatten(step_X, params);
    const next = params.map((param, i) =>
      (param.rank < 2 ? param : param.mul(kept)).sub(steps[i]),
    );
    return { params: withLeaves(state.params, next), mean_X, square_X };
  });
}

const plainly = <T>(make: () => T): T => make();

function flatten(tensors: readonly tf.Tensor[]): tf.Tensor1D {
  return tf.concat1d(tensors.map((tensor) => tensor.as1D()));
}

/** Pieces of x_X in the shapes of `like`. */
function unflatten(x_X: tf.Tensor1D, like: readonly tf.Tensor[]): tf.Tensor[] {
  const pieces = tf.split(
    x_X,
    like.map((leaf) => leaf.size),
  );
  return pieces.map((piece, i) => piece.reshape(like[i].shape));
}

/** By what the gradient is multiplied, where it is longer than `longest`. */
function shortening(squares: tf.Scalar, longest: number): tf.Scalar {
  return tf.minimum(1, tf.div(longest, squares.sqrt().add(1e-12)));
}
