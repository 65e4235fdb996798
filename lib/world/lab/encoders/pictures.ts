import * as tf from "@tensorflow/tfjs";
import type { Clips } from "../sound/open-clips.ts";
import type { ClipTruth } from "../sound/truth.ts";
import { labFrontEnd } from "./front-end.ts";

/** Clips as encoders see them, in memory. */
export interface Pictures {
  readonly length: number;
  readonly nFrames: number;
  readonly nBands: number;
  /** Nats of power in a unit of the pictures. */
  readonly deviation: number;
  readonly truths: readonly ClipTruth[];
  /** Pictures of some clips, mel_BFL. */
  batch(clips: readonly number[]): tf.Tensor3D;
}

/** Frames of clips; 65 kB each. */
export function picturesOf(
  clips: Clips,
  {
    count = clips.truths.length,
    onStep,
  }: {
    readonly count?: number;
    readonly onStep?: (done: number, of: number) => void;
  } = {},
): Pictures {
  const { frames, nBands, nFrames, options } = labFrontEnd;
  const size = nFrames * nBands;
  const values = new Float32Array(count * size);
  for (let i = 0; i < count; i++) {
    values.set(frames(clips.samples(i)).values, i * size);
    onStep?.(i + 1, count);
  }
  return {
    length: count,
    ...{ nBands, nFrames },
    deviation: Number(options.deviation),
    truths: clips.truths.slice(0, count),
    batch: (some) => {
      const picked = new Float32Array(some.length * size);
      some.forEach((clip, i) => {
        picked.set(values.subarray(clip * size, (clip + 1) * size), i * size);
      });
      return tf.tensor3d(picked, [some.length, nFrames, nBands]);
    },
  };
}
