import type * as tf from "@tensorflow/tfjs";

/**
 * Runs a function of tensors piece by piece, each piece apart: for steps whose
 * whole is too large to be one graph.
 */
export interface Pieces {
  /**
   * What every piece reads: a gradient asked for it reaches all of them, also
   * those whose other tensors have none of their own.
   */
  readonly thread: tf.Scalar;
  /**
   * @param kind - names the function with all that it captures: the same kind
   * is the same function
   */
  run<I extends object, O extends object>(
    kind: string,
    make: (input: I) => O,
    input: I,
  ): O;
  /** Whether `take` wants a tensor's gradient, which then goes nowhere else. */
  takes(leaf: tf.Tensor): boolean;
  /** Takes a part of a gradient; there may be several. It stays the caller's. */
  take(leaf: tf.Tensor, gradient: tf.Tensor): void;
}

let running: Pieces | undefined;

/** Runs `work`; what it recomputes is made of pieces. */
export function inPieces<T>(pieces: Pieces, work: () => T): T {
  const before = running;
  running = pieces;
  try {
    return work();
  } finally {
    running = before;
  }
}

/** What pieces are run by now, if anything is made of them. */
export function piecesNow(): Pieces | undefined {
  return running;
}
