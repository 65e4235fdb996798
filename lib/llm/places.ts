import * as tf from "@tensorflow/tfjs";
import { forbidden } from "../tensor/layers.ts";
import type { LlamaConfig } from "./config.ts";
import { type Rotation, rotationOf } from "./rope.ts";

/** Where a layer's tokens stand and may look. */
export type Places = {
  /** Of the S tokens of the stream. */
  readonly asks: Rotation;
  /** Of the tokens that get keys in this layer: guests, then the stream. */
  readonly answers: Rotation;
  /** 0 where S may look at M, `forbidden` elsewhere; B may be 1. */
  readonly mask_B1SM: tf.Tensor4D;
};

/** A position sees itself and whatever stands before it. */
export function causalMask(
  askers: readonly number[],
  answerers: readonly number[] = askers,
): tf.Tensor4D {
  return maskWhere(
    [askers, answerers],
    (asker, answerer) => answerers[answerer] <= askers[asker],
  );
}

/** The mask of one batch row: open where `sees` says so, by index. */
export function maskWhere(
  [askers, answerers]: readonly [readonly unknown[], readonly unknown[]],
  sees: (asker: number, answerer: number) => boolean,
): tf.Tensor4D {
  const [S, M] = [askers.length, answerers.length];
  const looks = Float32Array.from({ length: S * M }, (_, i) =>
    sees(Math.floor(i / M), i % M) ? 0 : forbidden,
  );
  return tf.tensor4d(looks, [1, 1, S, M]);
}

/**
 * Rotation and causal mask of a stream at these positions.
 *
 * @throws RangeError where a position lies beyond the model's context
 */
export function placesOf(
  positions: readonly number[],
  config: LlamaConfig,
): Places {
  checkContext(positions, config);
  const rotation = rotationOf(positions, config);
  const mask_B1SM = causalMask(positions);
  return { asks: rotation, answers: rotation, mask_B1SM };
}

/** Refuses a sequence that is longer than the model's context. */
export function checkContext(
  positions: readonly number[],
  { contextLength, name }: Pick<LlamaConfig, "contextLength" | "name">,
): void {
  const last = positions.reduce((most, at) => Math.max(most, at), -1);
  if (last < contextLength) return;
  throw new RangeError(
    `checkContext: expected at most ${contextLength} positions, audio ` +
      `included, got ${last + 1} (${name}); shorten the prompt`,
  );
}
