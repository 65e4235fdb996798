import * as tf from "@tensorflow/tfjs";
import { leaves, type Tensors, withLeaves } from "./params.ts";
import { type Pieces, piecesNow } from "./pieces.ts";

/**
 * The kernel that an engine with graphs gives: its inputs, once the first is
 * there.
 *
 * TensorFlow joins what a graph computes twice. What stands behind a barrier is
 * not what stands before it, so a second computation stays one.
 */
export const barrierKernel = "Barrier";

/** What a recomputed function reads: what has a gradient, and what has none. */
export type Given<M extends Tensors, F extends Tensors> = {
  readonly moving: M;
  readonly fixed: F;
};

/** A function of what is given, and the name of its kind, see `Pieces`. */
export interface Recomputed<M extends Tensors, F extends Tensors, X> {
  readonly kind: string;
  /**
   * Reads nothing else that is disposed before the gradient is taken, and
   * every moving tensor counts in what it gives.
   */
  readonly make: (given: Given<M, F>) => X;
}

/**
 * `make` of what is given, of which nothing inside is kept: the backward pass
 * computes it again.
 *
 * Memory falls from all insides to those of one such function at a time and the
 * tensors given; a step takes a further forward pass of it (gradient
 * checkpointing; not in the paper).
 */
export function recomputed<
  M extends Tensors,
  F extends Tensors,
  X extends tf.Tensor,
>({ kind, make }: Recomputed<M, F, X>, { fixed, moving }: Given<M, F>): X {
  const pieces = piecesNow();
  const inputs = leaves(moving);
  const nInputs = inputs.length;
  const isTaken = inputs.map((leaf) => pieces?.takes(leaf) ?? false);
  const onTape = inputs.filter((_, i) => !isTaken[i]);
  const run = tf.customGrad((...args) => {
    const save = args.pop() as unknown as tf.GradSaveFunc;
    save([...inputs, ...leaves(fixed)]);
    return {
      value: pieces
        ? pieces.run(kind, (given: Given<M, F>) => ({ x: make(given) }), {
            fixed,
            moving,
          }).x
        : make({ fixed, moving }),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const given = {
          moving: withLeaves(moving, saved.slice(0, nInputs)),
          fixed: withLeaves(fixed, saved.slice(nInputs)),
        };
        if (!pieces) return gradientsOf(make, given, dy);
        const { gradients } = pieces.run(
          `${kind}, gradients`,
          (input: { dy: tf.Tensor; given: Given<M, F> }) => ({
            gradients: gradientsOf(make, input.given, input.dy),
          }),
          { dy, given },
        );
        return [tf.scalar(0), ...handedOut(pieces, inputs, gradients)];
      },
    };
  });
  return run(...(pieces ? [pieces.thread] : []), ...onTape) as X;
}

/** `recomputed` where there are pieces; elsewhere plain, its insides kept. */
export function piece<
  M extends Tensors,
  F extends Tensors,
  X extends tf.Tensor,
>(of: Recomputed<M, F, X>, given: Given<M, F>): X {
  return piecesNow() ? recomputed(of, given) : of.make(given);
}

/** Weights that stay and those that are trained. */
export function parted(
  weights: Readonly<Record<string, tf.Tensor>>,
  frozen: ReadonlySet<tf.Tensor>,
) {
  const all = Object.entries(weights);
  const having = (isFrozen: boolean) =>
    Object.fromEntries(all.filter(([, leaf]) => frozen.has(leaf) === isFrozen));
  return { still: having(true), trained: having(false) };
}

/** Gives the pieces what they take; returns what the tape wants. */
function handedOut(
  pieces: Pieces,
  inputs: readonly tf.Tensor[],
  gradients: readonly tf.Tensor[],
): tf.Tensor[] {
  return gradients.filter((gradient, i) => {
    if (!pieces.takes(inputs[i])) return true;
    pieces.take(inputs[i], gradient);
    gradient.dispose();
    return false;
  });
}

/** Gradients of `make`, from a tape of its own, once `dy` is there. */
function gradientsOf<M extends Tensors, F extends Tensors>(
  make: (given: Given<M, F>) => tf.Tensor,
  { fixed, moving }: Given<M, F>,
  dy: tf.Tensor,
): tf.Tensor[] {
  const { state } = tf.engine();
  // tfjs has one tape, and the outer gradient reads it after this one is done.
  const outer = state.activeTape;
  try {
    return tf.tidy(() => {
      const [late, ...values] = behindBarrier([dy, ...leaves(moving)]);
      const again = (...values: tf.Tensor[]) =>
        make({ fixed, moving: withLeaves(moving, values) });
      return tf.grads(again)(values, late);
    });
  } finally {
    state.activeTape = outer;
  }
}

/** The same tensors; in a graph none is given before the first is there. */
function behindBarrier(tensors: tf.Tensor[]): tf.Tensor[] {
  if (!tf.getKernel(barrierKernel, tf.getBackend())) return tensors;
  const inputs = Object.fromEntries(tensors.entries());
  return tf.engine().runKernel(barrierKernel, inputs) as tf.Tensor[];
}
