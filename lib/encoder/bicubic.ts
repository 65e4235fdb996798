import * as tf from "@tensorflow/tfjs";
import { dims } from "../tensor/shapes.ts";

/** Steepness of the cubic's outer lobes; PyTorch's choice. */
const a = -0.75;

/** For each new frame: four old frames and their shares. */
interface Taps {
  readonly frames: readonly Int32Array[];
  readonly shares: readonly Float32Array[];
}

/**
 * Stretches a spectrogram along time, as PyTorch's bicubic interpolation with
 * aligned corners does; the bands stay.
 *
 * @returns x_BFL of `frames` frames
 */
export function stretchFrames(x_BFL: tf.Tensor3D, frames: number): tf.Tensor3D {
  const { F } = dims("stretchFrames", x_BFL, "BFL");
  if (frames === F) return x_BFL;
  const taps = bicubicTaps(F, frames);
  return tf.addN(
    taps.frames.map((at, k) =>
      tf
        .gather(x_BFL, tf.tensor1d(at, "int32"), 1)
        .mul(tf.tensor3d(taps.shares[k], [1, frames, 1])),
    ),
  ) as tf.Tensor3D;
}

/**
 * Taps that turn `from` frames into `to`.
 *
 * PyTorch finds the place in float32, and so must we: a place in float64 moves
 * the image by up to 5e-4.
 */
export function bicubicTaps(from: number, to: number): Taps {
  const frames = Array.from({ length: 4 }, () => new Int32Array(to));
  const shares = Array.from({ length: 4 }, () => new Float32Array(to));
  const scale = to > 1 ? Math.fround((from - 1) / (to - 1)) : 0;
  for (let i = 0; i < to; i++) {
    const place = Math.fround(i * scale);
    const t = Math.fround(place - Math.floor(place));
    [outer(t + 1), inner(t), inner(1 - t), outer(2 - t)].forEach((share, k) => {
      const frame = Math.floor(place) + k - 1;
      frames[k][i] = Math.min(from - 1, Math.max(0, frame));
      shares[k][i] = share;
    });
  }
  return { frames, shares };
}

/** The cubic within 1 of a sample. */
function inner(x: number): number {
  return ((a + 2) * x - (a + 3)) * x * x + 1;
}

/** The cubic from 1 to 2 away from a sample. */
function outer(x: number): number {
  return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}
