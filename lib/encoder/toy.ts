import { frameCount, logMel, type MelOptions, toyMel } from "../audio/mel.ts";
import type { Encoder } from "./encoder.ts";

export interface ToyOptions {
  readonly mel: MelOptions;
  readonly seconds: number;
  /** Mel frames and mel bands in a patch. */
  readonly patch: { readonly frames: number; readonly bands: number };
  /** Frames averaged into one number of a patch. */
  readonly framesPerValue: number;
  /** What is further below the clip's loudest value counts as silence. */
  readonly range: number; // nats of power
}

export const toyOptions: ToyOptions = {
  mel: toyMel,
  seconds: 2,
  patch: { frames: 16, bands: 16 },
  framesPerValue: 4,
  range: Math.log(1e5), // 50 dB
};

/**
 * A stand-in for SSLAM and CLAP: log-mel patches, and nothing learned.
 *
 * It cuts the same kind of grid as they do (time x frequency, 16 frames x 16
 * bands a patch) and measures loudness below the clip's loudest spot. Every frequency row writes to
 * its own part of the feature vector, because a connector has one value
 * matrix for all rows and the toy has no position embedding to tell them
 * apart.
 */
export function toyEncoder(options: ToyOptions = toyOptions): Encoder {
  const { framesPerValue, mel, patch, range, seconds } = options;
  const nSamples = Math.round(seconds * mel.sampleRate);
  const steps = Math.floor(frameCount(nSamples, mel) / patch.frames);
  const bands = mel.nBands / patch.bands;
  const valuesPerBand = patch.frames / framesPerValue;
  if (!Number.isInteger(bands) || !Number.isInteger(valuesPerBand)) {
    throw new RangeError(
      `toyEncoder: expected whole patches, got ${mel.nBands} bands in ` +
        `patches of ${patch.bands} and ${patch.frames} frames in values of ` +
        `${framesPerValue}`,
    );
  }
  const slot = patch.bands * valuesPerBand;
  const width = slot * bands;

  const encode = (samples: Float32Array) => {
    if (samples.length !== nSamples) {
      throw new RangeError(
        `encode: expected ${nSamples} samples (${seconds} s), ` +
          `got ${samples.length}`,
      );
    }
    const values = relativeTo(range, logMel(samples, mel).values);
    const features = new Float32Array(steps * bands * width);
    for (let t = 0; t < steps; t++) {
      for (let f = 0; f < bands; f++) {
        const cell = (t * bands + f) * width + f * slot;
        for (let i = 0; i < patch.frames; i++) {
          for (let j = 0; j < patch.bands; j++) {
            const frame = t * patch.frames + i;
            const at = Math.floor(i / framesPerValue) * patch.bands + j;
            features[cell + at] +=
              values[frame * mel.nBands + f * patch.bands + j] / framesPerValue;
          }
        }
      }
    }
    return features;
  };
  return {
    name: "toy",
    grid: { steps, bands },
    width,
    seconds,
    sampleRate: mel.sampleRate,
    encode,
  };
}

/**
 * Loudness above silence: 0 where a value is `range` or more below the
 * clip's highest one, 1 at that one.
 */
function relativeTo(range: number, values: Float32Array): Float32Array {
  const loudest = values.reduce((most, x) => Math.max(most, x), -Infinity);
  return values.map((x) => Math.max(0, 1 + (x - loudest) / range));
}
