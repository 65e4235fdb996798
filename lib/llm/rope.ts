import * as tf from "@tensorflow/tfjs";
import { dims } from "../tensor/shapes.ts";
import type { LlamaConfig, RopeConfig } from "./config.ts";

/** Cosines and sines of each position's angles. */
export interface Rotation {
  readonly cos_SH: tf.Tensor2D;
  readonly sin_SH: tf.Tensor2D;
}

/**
 * Angle per position of each pair of a head's numbers, in radians.
 *
 * Llama 3 leaves fast angles alone, divides slow ones by `factor`, and slides
 * from one to the other in between.
 */
export function inverseFrequencies(
  headWidth: number,
  { scaling, theta }: RopeConfig,
): number[] {
  return Array.from({ length: headWidth / 2 }, (_, k) => {
    const angle = theta ** ((-2 * k) / headWidth);
    if (!scaling) return angle;
    const { factor, highFrequencyFactor, lowFrequencyFactor, originalLength } =
      scaling;
    const turns = (originalLength * angle) / (2 * Math.PI);
    const share =
      (turns - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
    const kept = Math.min(1, Math.max(0, share));
    return kept * angle + ((1 - kept) * angle) / factor;
  });
}

/** Rotation of each position; positions may leave gaps. */
export function rotationOf(
  positions: readonly number[],
  { headWidth, rope }: Pick<LlamaConfig, "headWidth" | "rope">,
): Rotation {
  const angles = inverseFrequencies(headWidth, rope);
  const table = (of: (angle: number) => number) =>
    tf.tensor2d(
      positions.map((position) =>
        [...angles, ...angles].map((angle) => of(position * angle)),
      ),
      [positions.length, headWidth],
    );
  return { cos_SH: table(Math.cos), sin_SH: table(Math.sin) };
}

/** Turns each pair (i, i + H/2) of x_BNSH by its position's angle. */
export function rotate(
  x_BNSH: tf.Tensor4D,
  { cos_SH, sin_SH }: Rotation,
): tf.Tensor4D {
  const { B, N, S, H } = dims("rotate", x_BNSH, "BNSH");
  dims("rotate", cos_SH, "SH", { S, H });
  const half = [B, N, S, H / 2];
  const left_BNSH = x_BNSH.slice([0, 0, 0, 0], half);
  const right_BNSH = x_BNSH.slice([0, 0, 0, H / 2], half);
  const turned_BNSH = tf.concat([right_BNSH.neg(), left_BNSH], 3);
  return x_BNSH.mul(cos_SH).add(turned_BNSH.mul(sin_SH));
}
