import FFT from "fft.js";
import { hann } from "./fft.ts";
import { type BandRange, bandEdges, htk } from "./mel-scale.ts";

/** What all mel frames are made by: sizes in samples, bands in Hz. */
export interface FrameOptions extends BandRange {
  readonly sampleRate: number; // Hz
  readonly windowLength: number; // samples
  readonly hopLength: number; // samples
  /** Power below which the logarithm stops falling. */
  readonly floor: number;
}

/** How a waveform becomes mel frames. */
export interface MelOptions extends FrameOptions {
  readonly fftLength: number; // samples, a power of two
}

/** The bands and frames of the first notebook, coarser than any encoder's. */
export const toyMel: MelOptions = {
  sampleRate: 16_000,
  windowLength: 512, // 32 ms
  hopLength: 160, // 10 ms
  fftLength: 1024,
  nBands: 64,
  lowest: 50,
  highest: 8_000,
  floor: 1e-6,
};

/** Mel frames, row by row: frame F's band L is at F * nBands + L. */
export interface Mel {
  readonly nFrames: number;
  readonly nBands: number;
  /** Logarithm of the power in each band: natural unless a `MelUnit` says. */
  readonly values: Float32Array;
}

/** Frames in a clip of `nSamples`: only whole windows count. */
export function frameCount(nSamples: number, options: MelOptions): number {
  const { hopLength, windowLength } = options;
  if (nSamples < windowLength) {
    throw new RangeError(
      `frameCount: expected at least one window of ${windowLength} samples, ` +
        `got ${nSamples}; pad the clip first`,
    );
  }
  return 1 + Math.floor((nSamples - windowLength) / hopLength);
}

/** Log-mel frames of a mono waveform. */
export function logMel(samples: Float32Array, options: MelOptions): Mel {
  const { fftLength, floor, hopLength, nBands, windowLength } = options;
  const nFrames = frameCount(samples.length, options);
  const window = hann(windowLength);
  const bands = melBands(options);
  const fft = new FFT(fftLength);
  const frame = new Array<number>(fftLength).fill(0);
  const spectrum: number[] = fft.createComplexArray();
  const values = new Float32Array(nFrames * nBands);

  for (let f = 0; f < nFrames; f++) {
    for (let i = 0; i < windowLength; i++) {
      frame[i] = samples[f * hopLength + i] * window[i];
    }
    fft.realTransform(spectrum, frame);
    for (let band = 0; band < nBands; band++) {
      const { first, weights } = bands[band];
      let power = 0;
      for (let i = 0; i < weights.length; i++) {
        const re = spectrum[2 * (first + i)];
        const im = spectrum[2 * (first + i) + 1];
        power += weights[i] * (re * re + im * im);
      }
      values[f * nBands + band] = Math.log(Math.max(power, floor));
    }
  }
  return { nFrames, nBands, values };
}

/** Center of each band in Hz: the axis of a spectrogram. */
export function bandCenters(options: MelOptions): number[] {
  return bandEdges(htk, options).slice(1, -1);
}

interface Band {
  /** First bin of the spectrum with weight. */
  readonly first: number;
  readonly weights: readonly number[];
}

/** Triangles, equally wide in mel; each rises to 1 at its center. */
function melBands(options: MelOptions): Band[] {
  const { fftLength, nBands, sampleRate } = options;
  const hzOfBin = sampleRate / fftLength;
  const edges = bandEdges(htk, options);
  return Array.from({ length: nBands }, (_, band) => {
    const [low, center, high] = edges.slice(band, band + 3);
    const first = Math.max(0, Math.ceil(low / hzOfBin));
    const last = Math.min(fftLength / 2, Math.floor(high / hzOfBin));
    const weights: number[] = [];
    for (let bin = first; bin <= last; bin++) {
      const hz = bin * hzOfBin;
      const rise = (hz - low) / (center - low);
      const fall = (high - hz) / (high - center);
      weights.push(Math.max(0, Math.min(rise, fall)));
    }
    if (!weights.some((weight) => weight > 0)) {
      throw new RangeError(
        `melBands: expected a bin of the spectrum in every band, got none ` +
          `from ${low.toFixed(1)} to ${high.toFixed(1)} Hz (band ${band}); ` +
          "take fewer bands or a longer fftLength",
      );
    }
    return { first, weights };
  });
}
