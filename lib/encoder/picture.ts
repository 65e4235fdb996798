import { type CropOptions, sharedCrop } from "../audio/crop.ts";
import { type FrontEnd, hear } from "../audio/front-end.ts";
import type { Span } from "../audio/mel-scale.ts";

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

/**
 * The log-mel picture that a front-end makes of a clip, in dB.
 *
 * Padding is part of it: SSLAM's last frames are zeros of the logarithm, which
 * is 0 dB, and so look like sound.
 */
export function pictureOf(
  clip: { readonly samples: Float32Array; readonly sampleRate: number },
  frontEnd: FrontEnd,
  cropping: CropOptions = sharedCrop,
): Picture {
  const { hertz, hop, start, unit } = frontEnd;
  const { nBands, nFrames, values } = hear(clip, frontEnd, cropping);
  const decibels = values.map((value) => unit.scale * value + unit.shift);
  return { nFrames, nBands, values: decibels, start, hop, hertz };
}
