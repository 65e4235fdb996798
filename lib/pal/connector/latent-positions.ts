import * as tf from "@tensorflow/tfjs";
import type { Grid } from "../../encoder/encoder.ts";

/**
 * Positions position_AC on a grid: C / 2 numbers for time, then C / 2 for
 * frequency, each half of them sines and half cosines.
 *
 * Wavelengths grow from 2 pi cells by the same factor toward 20000 pi, as in
 * the transformer of Vaswani et al. (2017), section 3.5.
 *
 * @param C - a multiple of 4
 */
export function sinCosPositions(
  { bands, steps }: Grid,
  C: number,
): tf.Tensor2D {
  const nWaves = C / 4;
  const waves = (cell: number) => {
    const angles = Array.from(
      { length: nWaves },
      (_, i) => cell * 1e4 ** (-i / nWaves),
    );
    return [...angles.map(Math.sin), ...angles.map(Math.cos)];
  };
  const ofStep = Array.from({ length: steps }, (_, t) => waves(t));
  const ofBand = Array.from({ length: bands }, (_, f) => waves(f));
  const values = new Float32Array(steps * bands * C);
  ofStep.forEach((time, t) => {
    ofBand.forEach((frequency, f) => {
      const at = (t * bands + f) * C;
      values.set(time, at);
      values.set(frequency, at + C / 2);
    });
  });
  return tf.tensor2d(values, [steps * bands, C]);
}
