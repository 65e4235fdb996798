/** The part of a recording that the encoders hear. */
export interface CropOptions {
  readonly from: number; // seconds
  readonly seconds: number;
}

/**
 * One crop for all encoders: the first 10 seconds, at the original rate.
 *
 * Not in the paper. SSLAM would keep 10.24 s and CLAP a random 10 s; with one
 * rule the same cell of two encoders covers the same sound.
 */
export const sharedCrop: CropOptions = { from: 0, seconds: 10 };

/** The samples of a crop, as a view; fewer where the recording ends. */
export function crop(
  samples: Float32Array,
  sampleRate: number,
  { from, seconds }: CropOptions = sharedCrop,
): Float32Array {
  const start = Math.round(from * sampleRate);
  const clip = samples.subarray(
    start,
    start + Math.round(seconds * sampleRate),
  );
  if (clip.length === 0) {
    throw new RangeError(
      `crop: expected samples from ${from} s on, ` +
        `got a recording of ${samples.length / sampleRate} s`,
    );
  }
  return clip;
}
