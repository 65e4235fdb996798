import { type FbankOptions, fbank, sslamFbank } from "../../../audio/fbank.ts";
import type { FrontEnd } from "../../../audio/front-end.ts";
import type { Mel } from "../../../audio/mel.ts";
import { bandSpans, htk } from "../../../audio/mel-scale.ts";
import { sceneOptions } from "../sound/scene.ts";

/** SSLAM's filter bank with half its bands. */
const options: FbankOptions = { ...sslamFbank, nBands: 64 };

const nFrames = 256;

/** Of the natural log of power over the lab's training clips, about. */
const [mean, deviation] = [-8, 5];

/**
 * What the lab's encoders see of a clip of 2.56 s: 256 frames of 10 ms by 64
 * bands, (x - mean) / deviation.
 *
 * The clip stands in the middle of zeros, so that its last frames are whole.
 */
function frames(samples: Float32Array): Mel {
  const { hopLength, nBands, windowLength } = options;
  const length = (nFrames - 1) * hopLength + windowLength;
  const padded = new Float32Array(length);
  const clip = samples.subarray(0, labSamples);
  padded.set(clip, Math.floor((length - labSamples) / 2));
  const { values } = fbank(padded, options);
  return {
    nFrames,
    nBands,
    values: values.map((x) => (x - mean) / deviation),
  };
}

/** Samples of a clip. */
const labSamples = Math.round(sceneOptions.seconds * options.sampleRate);

export const labFrontEnd: FrontEnd = {
  name: "lab",
  module: import.meta.url,
  sampleRate: options.sampleRate,
  nFrames,
  nBands: options.nBands,
  unit: {
    name: "ln of power, less its mean, by a standard deviation",
    scale: (10 * deviation) / Math.LN10,
    shift: (10 * mean) / Math.LN10,
  },
  start: 0,
  hop: options.hopLength / options.sampleRate,
  hertz: bandSpans(options.nBands, htk, options),
  options: { ...options, nFrames, mean, deviation },
  frames,
};
