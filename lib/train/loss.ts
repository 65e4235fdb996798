import * as tf from "@tensorflow/tfjs";
import { dims } from "../tensor/shapes.ts";

/** Which scores a loss reads: X of B * T, so that no other is computed. */
export type Scored = {
  /** Places in the batch, row after row; int32. */
  readonly at_X: tf.Tensor1D;
  /** The token that follows there; int32. */
  readonly target_X: tf.Tensor1D;
  /** What it counts; 0 fills up. */
  readonly weight_X: tf.Tensor1D;
};

/**
 * The places before tokens that count: the one before the answer's first
 * token, and so on.
 *
 * @param tokens - B rows of T ids
 * @param weights - what each of these tokens counts; 0 leaves it out
 * @param perRow - places for each row; a row with fewer is filled up
 */
export function scoredPlaces(
  tokens: ArrayLike<number>,
  weights: ArrayLike<number>,
  { B, perRow, T }: { readonly B: number; T: number; perRow: number },
): Scored {
  const at: number[] = [];
  const weight: number[] = [];
  for (let row = 0; row < B; row++) {
    const from = row * T;
    const counted = Array.from({ length: T - 1 }, (_, i) => from + i).filter(
      (place) => weights[place + 1] !== 0,
    );
    if (counted.length > perRow) {
      throw new RangeError(
        `scoredPlaces: expected at most ${perRow} tokens that count, ` +
          `got ${counted.length} (row ${row})`,
      );
    }
    while (counted.length < perRow) counted.push(-1);
    at.push(...counted.map((place) => Math.max(place, from)));
    weight.push(
      ...counted.map((place) => (place < 0 ? 0 : weights[place + 1])),
    );
  }
  const target = at.map((place) => tokens[place + 1]);
  return {
    at_X: tf.tensor1d(at, "int32"),
    target_X: tf.tensor1d(target, "int32"),
    weight_X: tf.tensor1d(weight, "float32"),
  };
}

/** Tokens that count. */
export function countTokens(weight_X: tf.Tensor1D): number {
  return weight_X.dataSync().filter((weight) => weight !== 0).length;
}

/**
 * Mean next-token loss over the tokens that count, in nats per token.
 *
 * @param logits_XV - scores at the scored places
 */
export function nextTokenLoss(
  logits_XV: tf.Tensor2D,
  { target_X, weight_X }: Omit<Scored, "at_X">,
): tf.Scalar {
  const { X, V } = dims("nextTokenLoss", logits_XV, "XV");
  dims("nextTokenLoss", target_X, "X", { X });
  dims("nextTokenLoss", weight_X, "X", { X });
  return tf.tidy(() => {
    // One-hot, because tfjs has no gradient for gatherND.
    const logProb_X = tf
      .logSoftmax(logits_XV)
      .mul(tf.oneHot(target_X, V))
      .sum(-1);
    const total: tf.Scalar = logProb_X.mul(weight_X).sum();
    return total.neg().div<tf.Scalar>(weight_X.sum());
  });
}
