import * as tf from "@tensorflow/tfjs";
import { dims } from "../tensor/shapes.ts";
import type { LlamaConfig, RopeConfig } from "./config.ts";

/**
 * Cosines and sines of each position's angles; B is 1 where all rows of the
 * batch stand at the same positions.
 */
export type Rotation = {
  readonly cos_B1SH: tf.Tensor4D;
  /** Negative in the left half, as the pairs are turned. */
  readonly sin_B1SH: tf.Tensor4D;
};

/**
 * Angle per position of each pair of a head's numbers, in radians.
 *
 * Llama 3 leaves fast angles alone, divides slow ones by `factor`, and slides
 * from one to the other in between.
 */
export function inverseFrequencies(
  headWidth: number,
  { divisor = 1, scaling, theta }: RopeConfig,
): number[] {
  return Array.from({ length: headWidth / 2 }, (_, k) => {
    const angle = theta ** ((-2 * k) / headWidth) / divisor;
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
  config: Pick<LlamaConfig, "headWidth" | "rope">,
): Rotation {
  return rotationOfRows([positions], config);
}

/** Rotation of each row's own positions: every row has S of them. */
export function rotationOfRows(
  rows: readonly (readonly number[])[],
  { headWidth: H, rope }: Pick<LlamaConfig, "headWidth" | "rope">,
): Rotation {
  const angles = inverseFrequencies(H, rope);
  const shape: [number, number, number, number] = [
    ...([rows.length, 1, rows[0].length, H] as const),
  ];
  const table = (ofLeft: (angle: number) => number, ofRight = ofLeft) =>
    tf.tensor4d(
      Float32Array.from(
        rows
          .flat()
          .flatMap((position) => [
            ...angles.map((angle) => ofLeft(position * angle)),
            ...angles.map((angle) => ofRight(position * angle)),
          ]),
      ),
      shape,
    );
  return {
    cos_B1SH: table(Math.cos),
    sin_B1SH: table((angle) => -Math.sin(angle), Math.sin),
  };
}

/** Turns each pair (i, i + H/2) of x_BNSH by its position's angle. */
export function rotate(
  x_BNSH: tf.Tensor4D,
  { cos_B1SH, sin_B1SH }: Rotation,
): tf.Tensor4D {
  const { S, H } = dims("rotate", x_BNSH, "BNSH");
  dims("rotate", cos_B1SH, "X1SH", { S, H });
  const [left, right] = tf.split(x_BNSH, 2, 3);
  const swapped_BNSH = tf.concat([right, left], 3);
  return x_BNSH.mul(cos_B1SH).add(swapped_BNSH.mul(sin_B1SH));
}
