import { clapMelOptions } from "../audio/clap-mel.ts";
import { type CropOptions, sharedCrop } from "../audio/crop.ts";
import { sslamFbank } from "../audio/fbank.ts";
import {
  type FrontEndName,
  frontEnds,
  hear,
  sslamOptions,
} from "../audio/front-end.ts";
import { htsatConfig } from "./htsat-config.ts";
import { htsatGrid, type Span, sslamGrid } from "./sound-grid.ts";
import { sslamConfig } from "./sslam.ts";

/** What an encoder is shown of a clip, on the axes of the sound. */
export interface Picture {
  readonly nFrames: number;
  readonly nBands: number;
  /** Power in dB, frame by frame. */
  readonly values: Float32Array;
  /** Middle of the first frame, and from one to the next, in seconds. */
  readonly start: number;
  readonly hop: number;
  /** What each band covers, in Hz. */
  readonly hertz: readonly Span[];
}

/** How to read a front-end's frames; the grid is that of single bands. */
const readings = {
  sslam: {
    scale: (20 * sslamOptions.deviation) / Math.LN10,
    shift: (10 * sslamOptions.mean) / Math.LN10,
    start: sslamFbank.windowLength / sslamFbank.sampleRate / 2,
    hop: sslamFbank.hopLength / sslamFbank.sampleRate,
    hertz: () => sslamGrid({ ...sslamConfig({}), patch: 1 }, 1).hertz,
  },
  clap: {
    scale: 1,
    shift: 0,
    start: 0,
    hop: clapMelOptions.hopLength / clapMelOptions.sampleRate,
    hertz: () => htsatGrid({ ...htsatConfig({}), depths: [1], patch: 1 }).hertz,
  },
} as const;

/**
 * The log-mel picture that a front-end makes of a clip, in dB.
 *
 * Padding is part of it: SSLAM's last frames are zeros of the logarithm, which
 * is 0 dB, and so look like sound.
 */
export function pictureOf(
  clip: { readonly samples: Float32Array; readonly sampleRate: number },
  name: FrontEndName,
  cropping: CropOptions = sharedCrop,
): Picture {
  const { hertz, hop, scale, shift, start } = readings[name];
  const { nBands, nFrames, values } = hear(clip, frontEnds[name], cropping);
  const decibels = values.map((value) => scale * value + shift);
  return { nFrames, nBands, values: decibels, start, hop, hertz: hertz() };
}
