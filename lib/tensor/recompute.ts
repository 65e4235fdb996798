import * as tf from "@tensorflow/tfjs";
import { leaves, type Tensors, withLeaves } from "./params.ts";

/**
 * The kernel that an engine with graphs gives: its inputs, once all are there.
 *
 * TensorFlow joins what a graph computes twice. What stands behind it is not
 * what stands before it, so a second computation stays one.
 */
export const barrierKernel = "Barrier";

/** What a recomputed function reads: what has a gradient, and what has none. */
export interface Given<M extends Tensors, F extends Tensors> {
  readonly moving: M;
  readonly fixed: F;
}

/**
 * `make` of what is given, of which nothing inside is kept: the backward pass
 * computes it again.
 *
 * Memory falls from all insides to those of one such function at a time and the
 * tensors given; the step takes a third forward pass more time (gradient
 * checkpointing; not in the paper).
 *
 * @param make - reads no other tensor that is disposed before the gradient is
 * taken, and every moving one counts in what it gives
 */
export function recomputed<
  M extends Tensors,
  F extends Tensors,
  X extends tf.Tensor,
>(make: (given: Given<M, F>) => X, { fixed, moving }: Given<M, F>): X {
  const inputs = leaves(moving);
  const stays = leaves(fixed);
  const run = tf.customGrad((...args) => {
    const save = args.pop() as unknown as tf.GradSaveFunc;
    save([...inputs, ...stays]);
    return {
      value: make({ fixed, moving }),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const still = withLeaves(fixed, saved.slice(inputs.length));
        const again = (...values: tf.Tensor[]) =>
          make({ fixed: still, moving: withLeaves(moving, values) });
        return gradientsOf(again, saved.slice(0, inputs.length), dy);
      },
    };
  });
  return run(...inputs) as X;
}

/** Gradients of `make`, from a tape of its own, once `dy` is there. */
function gradientsOf(
  make: (...values: tf.Tensor[]) => tf.Tensor,
  inputs: readonly tf.Tensor[],
  dy: tf.Tensor,
): tf.Tensor[] {
  const { state } = tf.engine();
  // tfjs has one tape, and the outer gradient reads it after this one is done.
  const outer = state.activeTape;
  try {
    return tf.tidy(() => {
      const [late, ...values] = behindBarrier([dy, ...inputs]);
      return tf.grads(make)(values, late);
    });
  } finally {
    state.activeTape = outer;
  }
}

/** The same tensors; in a graph none is given before all are there. */
function behindBarrier(tensors: tf.Tensor[]): tf.Tensor[] {
  if (!tf.getKernel(barrierKernel, tf.getBackend())) return tensors;
  const inputs = Object.fromEntries(tensors.entries());
  return tf.engine().runKernel(barrierKernel, inputs) as tf.Tensor[];
}
