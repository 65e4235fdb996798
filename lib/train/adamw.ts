import * as tf from "@tensorflow/tfjs";
import { fused } from "../engine/graph/fused.ts";
import {
  leaves,
  mapTensors,
  namedLeaves,
  type Tensors,
  withLeaves,
} from "../tensor/params.ts";
import {
  type GroupMembers,
  groupParameters,
  membersOf,
  oneGroup,
  type ParameterGroup,
} from "./groups.ts";

/** AdamW's constants; the paper states none of them (A.1: AdamW, cosine). */
export interface AdamwConfig {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Share of a parameter taken away per unit of learning rate. */
  readonly weightDecay: number;
  /**
   * What decay takes from: `matrices`, so that norms and biases keep theirs,
   * as in LTU's trainer, or `all`. Not in the paper; default `matrices`.
   */
  readonly decays?: "matrices" | "all";
  /** Longest gradient, over all parameters together. */
  readonly maxGradientNorm: number;
  /** Which parameters differ in rate, decay or clipping; default none. */
  readonly groups?: readonly ParameterGroup[];
}

/**
 * Numbers above which a step's passes over memory cost more than a compilation
 * that joins them: at 32 M they take 89 ms, joined 38.
 */
export const fuseAbove = 4_000_000;

export const adamwDefaults: AdamwConfig = {
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-8,
  weightDecay: 0.01,
  maxGradientNorm: 1,
};

/**
 * Running means of gradient and squared gradient of a group's parameters.
 *
 * They lie in one vector each, by name: one operation over them all instead of
 * one for each leaf.
 */
export type Moments = {
  readonly mean_X: tf.Tensor1D;
  readonly square_X: tf.Tensor1D;
};

/** Parameters with their moments, group by group. */
export type AdamwState<P extends Tensors> = {
  readonly params: P;
  readonly moments: readonly Moments[];
};

/**
 * State before the first step; the parameters are copied.
 *
 * @throws TypeError for what cannot be trained, such as packed weights
 */
export function startAdamw<P extends Tensors>(
  params: P,
  { groups = oneGroup }: Pick<AdamwConfig, "groups"> = {},
): AdamwState<P> {
  const all = leaves(params);
  const whole = namedLeaves(params).find(
    ([, { dtype }]) => dtype !== "float32",
  );
  if (whole) {
    throw new TypeError(
      `startAdamw: expected parameters in float32, got ${whole[1].dtype} at ` +
        `${whole[0]}; weights in bfloat16 are for asking, open the model without`,
    );
  }
  const moments = groupParameters(params, groups).map((members) => {
    const own = membersOf(members, all);
    const X = own.reduce((sum, { size }) => sum + size, 0);
    return {
      mean_X: tf.zeros<tf.Rank.R1>([X]),
      square_X: tf.zeros<tf.Rank.R1>([X]),
    };
  });
  return { params: mapTensors(params, (leaf) => leaf.clone()), moments };
}

/** What changes from step to step: tensors, so that a step can be compiled. */
export type StepNumbers = {
  readonly learningRate: tf.Scalar;
  /** From 1. */
  readonly stepNumber: tf.Scalar;
};

/**
 * The state after one step of AdamW: clipped, bias corrected, with decoupled
 * decay; PyTorch's numbers.
 *
 * @param gradients - in the order of `leaves(state.params)`
 */
export function stepAdamw<P extends Tensors>(
  state: AdamwState<P>,
  gradients: readonly tf.Tensor[],
  options: StepNumbers & { readonly config: AdamwConfig },
): AdamwState<P> {
  return measuredStep(state, gradients, options).after;
}

/** `stepAdamw`, and each group's gradient as long as it came. */
export function measuredStep<P extends Tensors>(
  state: AdamwState<P>,
  gradients: readonly tf.Tensor[],
  { config, ...numbers }: StepNumbers & { readonly config: AdamwConfig },
): { readonly after: AdamwState<P>; readonly norms: readonly tf.Scalar[] } {
  const { groups = oneGroup } = config;
  const all = leaves(state.params);
  const size = all.reduce((sum, leaf) => sum + leaf.size, 0);
  const run = size > fuseAbove ? fused : plainly;
  return run(() => {
    const members = groupParameters(state.params, groups);
    const flat = members.map((each) => flatten(membersOf(each, gradients)));
    const squared = flat.map((gradient_X) => gradient_X.square());
    const squares = squared.map((squared_X) => squared_X.sum<tf.Scalar>());
    const shrinks = shortenings(squares, members, config);
    const next = [...all];
    const moments = members.map((each, g) => {
      const after = stepMoments(state.moments[g], {
        gradient_X: flat[g],
        squared_X: squared[g],
        shrink: shrinks[g],
        config,
      });
      const moved = moveGroup(each, membersOf(each, all), {
        moments: after,
        config,
        ...numbers,
      });
      each.places.forEach((place, i) => {
        next[place] = moved[i];
      });
      return after;
    });
    return {
      after: { params: withLeaves(state.params, next), moments },
      norms: squares.map((square) => square.sqrt<tf.Scalar>()),
    };
  });
}

const plainly = <T>(make: () => T): T => make();

/**
 * A group's moments after a step.
 *
 * Numbers that hold for all parameters are gathered into one, so that the
 * vectors, which do not fit into a cache, are passed over less often.
 */
function stepMoments(
  { mean_X, square_X }: Moments,
  {
    config: { beta1, beta2 },
    gradient_X,
    shrink,
    squared_X,
  }: {
    readonly gradient_X: tf.Tensor1D;
    readonly squared_X: tf.Tensor1D;
    readonly shrink: tf.Scalar;
    readonly config: AdamwConfig;
  },
): Moments {
  return {
    mean_X: mean_X.mul(beta1).add(gradient_X.mul(shrink.mul(1 - beta1))),
    square_X: square_X
      .mul(beta2)
      .add(squared_X.mul(shrink.square().mul(1 - beta2))),
  };
}

/** A stretch of a parameter's numbers, as one vector, with its moments. */
export type Stretch = {
  readonly param_X: tf.Tensor1D;
  readonly moments: Moments;
};

/**
 * A stretch after a step, as `measuredStep` has it: for parameters that are
 * moved one after the other, and not all at once.
 *
 * @param shrink - by what the gradient of its group is multiplied
 * @param like - the parameter: whether it decays follows from its rank
 */
export function stepStretch(
  { moments, param_X }: Stretch,
  gradient_X: tf.Tensor1D,
  {
    config,
    group,
    like,
    shrink,
    ...numbers
  }: StepNumbers & {
    readonly config: AdamwConfig;
    readonly group: ParameterGroup;
    readonly like: tf.Tensor;
    readonly shrink: tf.Scalar;
  },
): Stretch {
  const after = stepMoments(moments, {
    gradient_X,
    squared_X: gradient_X.square(),
    shrink,
    config,
  });
  // As a vector it would decay only where everything does.
  const decays = hasDecay(like, config) ? "all" : "matrices";
  const [moved] = moveGroup({ group, places: [0] }, [param_X], {
    config: { ...config, decays },
    moments: after,
    ...numbers,
  });
  return { param_X: moved as tf.Tensor1D, moments: after };
}

function hasDecay(
  { rank }: tf.Tensor,
  { decays = "matrices" }: AdamwConfig,
): boolean {
  return decays === "all" || rank >= 2;
}

/** The parameters of a group, moved and decayed. */
function moveGroup(
  { group }: GroupMembers,
  params: readonly tf.Tensor[],
  {
    config,
    learningRate,
    moments: { mean_X, square_X },
    stepNumber,
  }: StepNumbers & {
    readonly moments: Moments;
    readonly config: AdamwConfig;
  },
): tf.Tensor[] {
  const { beta1, beta2, epsilon } = config;
  const { rateFactor = 1, weightDecay = config.weightDecay } = group;
  // 1 - beta^t without its loss of digits at the first steps.
  const unbias = (beta: number) =>
    tf.expm1(stepNumber.mul(Math.log(beta))).neg();
  const own = rateFactor === 1 ? learningRate : learningRate.mul(rateFactor);
  const spread = unbias(beta2).sqrt();
  const rate = own.mul(spread).div(unbias(beta1));
  const deviation_X = square_X.sqrt().add(spread.mul(epsilon));
  const step_X: tf.Tensor1D = mean_X.div(deviation_X).mul(rate);
  const kept = tf.sub(1, own.mul(weightDecay));
  const steps = unflatten(step_X, params);
  return params.map((param, i) =>
    (hasDecay(param, config) ? param.mul(kept) : param).sub(steps[i]),
  );
}

function flatten(tensors: readonly tf.Tensor[]): tf.Tensor1D {
  return tf.concat1d(tensors.map((tensor) => tensor.as1D()));
}

/** Pieces of x_X in the shapes of `like`. */
export function unflatten(
  x_X: tf.Tensor1D,
  like: readonly tf.Tensor[],
): tf.Tensor[] {
  const pieces = tf.split(
    x_X,
    like.map((leaf) => leaf.size),
  );
  return pieces.map((piece, i) => piece.reshape(like[i].shape));
}

/** By what each group's gradient is multiplied, where one is too long. */
export function shortenings(
  squares: readonly tf.Scalar[],
  members: readonly GroupMembers[],
  { maxGradientNorm }: AdamwConfig,
): tf.Scalar[] {
  const isShared = ({ group }: GroupMembers) =>
    group.maxGradientNorm === undefined;
  const shared = squares.filter((_, g) => isShared(members[g]));
  const together =
    shared.length === 0
      ? undefined
      : shortening(
          shared.reduce((sum, one) => sum.add(one)),
          maxGradientNorm,
        );
  return members.map(({ group }, g) =>
    group.maxGradientNorm === undefined
      ? together!
      : shortening(squares[g], group.maxGradientNorm),
  );
}

/** By what the gradient is multiplied, where it is longer than `longest`. */
function shortening(squares: tf.Scalar, longest: number): tf.Scalar {
  return tf.minimum(1, tf.div(longest, squares.sqrt().add(1e-12)));
}
