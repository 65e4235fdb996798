import * as tf from "@tensorflow/tfjs";
import { leaves, type Tensors, withLeaves } from "../tensor/params.ts";
import { type AdamwState, adamwDefaults, measuredStep } from "./adamw.ts";
import type { Training } from "./training.ts";

/** Gradients of a step's micro-batches so far; nothing where there is one. */
export type Gathered =
  | []
  | {
      /** Weighted sums, in the order of the parameters' leaves. */
      readonly gradients: readonly tf.Tensor[];
      readonly loss: tf.Scalar;
      readonly weight: tf.Scalar;
    };

export type State<P extends Tensors, F extends Tensors> = {
  readonly trained: AdamwState<P>;
  readonly frozen: F;
  readonly gathered: Gathered;
};

/** What a step's last micro-batch brings along. */
type Numbers = {
  readonly learningRate: tf.Scalar;
  readonly stepNumber: tf.Scalar;
};

export type Input<P extends Tensors, F extends Tensors, B> = {
  readonly state: State<P, F>;
  readonly batch: B;
  /** Without any the micro-batch is only gathered. */
  readonly numbers: Numbers | Record<string, never>;
};

/**
 * A step as a pure function of tensors, ready to be compiled.
 *
 * With micro-batches it has two forms: one adds a gradient to those of its
 * step, the other adds the last one, moves the parameters and begins anew.
 */
export function stepOf<P extends Tensors, F extends Tensors, B extends Tensors>(
  training: Training<P, F, B>,
) {
  const config = training.adamw ?? adamwDefaults;
  return ({ batch, numbers, state }: Input<P, F, B>) => {
    const { frozen, gathered, trained } = state;
    const lossOf = (...values: tf.Tensor[]) =>
      training.loss(withLeaves(trained.params, values), frozen, batch);
    const { grads, value } = tf.valueAndGrads(lossOf)(leaves(trained.params));
    const own = { gradients: grads, loss: value as tf.Scalar };
    const weight = () => training.weightOf?.(batch) ?? tf.scalar(1);
    const sum = isEmpty(gathered) ? own : gather(gathered, own, weight());
    if (!isLast(numbers)) {
      return { state: { ...state, gathered: sum as Gathered }, told: [] };
    }
    const { gradients, loss } = "weight" in sum ? meanOf(sum) : sum;
    const { after, norms } = measuredStep(trained, gradients, {
      config,
      ...numbers,
    });
    const empty = isEmpty(gathered) ? gathered : nothing(trained.params);
    return {
      state: { trained: after, frozen, gathered: empty },
      told: [loss, ...norms],
    };
  };
}

const isEmpty = (gathered: Gathered): gathered is [] => Array.isArray(gathered);

const isLast = (numbers: Numbers | Record<string, never>): numbers is Numbers =>
  "learningRate" in numbers;

type Whole = Exclude<Gathered, []>;

/** Sums before a step's first micro-batch. */
export function nothing(params: Tensors): Whole {
  return {
    gradients: leaves(params).map((leaf) => tf.zerosLike(leaf)),
    loss: tf.scalar(0),
    weight: tf.scalar(0),
  };
}

function gather(
  before: Whole,
  own: Pick<Whole, "gradients" | "loss">,
  weight: tf.Scalar,
): Whole {
  return {
    gradients: before.gradients.map((sum, i) =>
      sum.add(own.gradients[i].mul(weight)),
    ),
    loss: before.loss.add(own.loss.mul(weight)),
    weight: before.weight.add(weight),
  };
}

function meanOf({ gradients, loss, weight }: Whole) {
  return {
    gradients: gradients.map((sum) => sum.div(weight)),
    loss: loss.div<tf.Scalar>(weight),
  };
}
