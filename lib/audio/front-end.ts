import { clapMel, clapMelOptions } from "./clap-mel.ts";
import {
  aisfxMel,
  type CompressedMelOptions,
  compressedMel,
  musicnnMel,
} from "./compressed-mel.ts";
import { type CropOptions, crop, sharedCrop } from "./crop.ts";
import { fbank, sslamFbank } from "./fbank.ts";
import type { Mel } from "./mel.ts";
import { bandSpans, htk, type Span, slaney } from "./mel-scale.ts";
import { resample } from "./resample.ts";

/** How an encoder turns a waveform into its picture of log-mel frames. */
export interface FrontEnd {
  readonly name: string;
  /** Address of the module that exports it, from which threads take it. */
  readonly module: string;
  readonly sampleRate: number; // Hz
  readonly nFrames: number;
  readonly nBands: number;
  /** What the values of its frames are. */
  readonly unit: MelUnit;
  /** Middle of the first frame, and from one to the next, in seconds. */
  readonly start: number;
  readonly hop: number;
  /** What each band covers, in Hz. */
  readonly hertz: readonly Span[];
  /** All that decides the frames: a part of the features' name when stored. */
  readonly options: Readonly<Record<string, number | string | boolean>>;
  /** Frames of mono samples at `sampleRate`, padded and normalized. */
  readonly frames: (samples: Float32Array) => Mel;
}

/** A unit of log-mel values, and the way from it to dB of power. */
export interface MelUnit {
  readonly name: string;
  /** dB = scale * value + shift */
  readonly scale: number;
  readonly shift: number;
}

/** SSLAM's picture: its length, and the statistics it was trained with. */
export interface SslamOptions {
  readonly nFrames: number;
  readonly mean: number;
  readonly deviation: number;
}

const sslamOptions: SslamOptions = {
  nFrames: 1024, // 10.24 s
  mean: -4.268,
  deviation: 4.569,
};

/**
 * SSLAM's input: the filter bank, zeros below it, then (x - mean) / 2 sd.
 *
 * The zeros are zeros of the log-mel, put there before the normalization, so
 * padded rows are not the picture of silence. Clips shorter than a window are
 * filled with zeros up to one (the official code stops there).
 */
export function sslamFrames(
  samples: Float32Array,
  options = sslamOptions,
): Mel {
  const { deviation, mean, nFrames } = options;
  const { nBands, windowLength } = sslamFbank;
  const { length } = samples;
  let sum = 0;
  for (let i = 0; i < length; i++) sum += samples[i];
  const average = sum / length;
  const centered = new Float32Array(Math.max(length, windowLength));
  for (let i = 0; i < length; i++) centered[i] = samples[i] - average;
  const frames = fbank(centered);
  const values = new Float32Array(nFrames * nBands);
  values.set(frames.values.subarray(0, values.length));
  const scale = 1 / (2 * deviation);
  for (let i = 0; i < values.length; i++) {
    values[i] = (values[i] - mean) * scale;
  }
  return { nFrames, nBands, values };
}

export const sslamFrontEnd: FrontEnd = {
  name: "sslam",
  module: import.meta.url,
  sampleRate: sslamFbank.sampleRate,
  nFrames: sslamOptions.nFrames,
  nBands: sslamFbank.nBands,
  unit: {
    name: "ln of power, less its mean, by two standard deviations",
    scale: (20 * sslamOptions.deviation) / Math.LN10,
    shift: (10 * sslamOptions.mean) / Math.LN10,
  },
  start: sslamFbank.windowLength / sslamFbank.sampleRate / 2,
  hop: sslamFbank.hopLength / sslamFbank.sampleRate,
  hertz: bandSpans(sslamFbank.nBands, htk, sslamFbank),
  options: { ...sslamFbank, ...sslamOptions },
  frames: sslamFrames,
};

export const clapFrontEnd: FrontEnd = {
  name: "clap",
  module: import.meta.url,
  sampleRate: clapMelOptions.sampleRate,
  nFrames: 1 + clapMelOptions.nSamples / clapMelOptions.hopLength,
  nBands: clapMelOptions.nBands,
  unit: { name: "dB of power", scale: 1, shift: 0 },
  start: 0,
  hop: clapMelOptions.hopLength / clapMelOptions.sampleRate,
  hertz: bandSpans(clapMelOptions.nBands, slaney, clapMelOptions),
  options: { ...clapMelOptions },
  frames: clapMel,
};

export const aisfxFrontEnd: FrontEnd = compressedFrontEnd("aisfx", aisfxMel);
export const musicnnFrontEnd: FrontEnd = compressedFrontEnd(
  "musicnn",
  musicnnMel,
);

/** Of a logarithm that is even in dB from about -30 on, and -40 in silence. */
function compressedFrontEnd(
  name: string,
  options: CompressedMelOptions,
): FrontEnd {
  const { divisor, hopLength, nBands, nFrames, sampleRate, scale } = options;
  const by = divisor === 1 ? "" : `, by ${divisor}`;
  return {
    name,
    module: import.meta.url,
    sampleRate,
    nFrames,
    nBands,
    unit: {
      name: `log10 of 10,000 times the power, plus 1${by}`,
      scale: 10 * divisor,
      shift: -40,
    },
    start: 0,
    hop: hopLength / sampleRate,
    hertz: bandSpans(nBands, scale === "htk" ? htk : slaney, options),
    options: { ...options },
    frames: (samples) => compressedMel(samples, options),
  };
}

/**
 * What an encoder sees of a clip: cropped, resampled once, framed.
 *
 * Every encoder starts from the original rate: a clip that went through
 * 16 kHz would have lost what CLAP hears above 8 kHz.
 */
export function hear(
  { sampleRate, samples }: { samples: Float32Array; sampleRate: number },
  frontEnd: FrontEnd,
  cropping: CropOptions = sharedCrop,
): Mel {
  const clip = crop(samples, sampleRate, cropping);
  const to = frontEnd.sampleRate;
  return frontEnd.frames(resample(clip, sampleRate, { to }));
}
