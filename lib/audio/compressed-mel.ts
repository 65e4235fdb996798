import { hann, type PowerSpectrum, powerSpectrum } from "./fft.ts";
import type { Mel } from "./mel.ts";
import { bandPowers, type MelBank, melBank, triangle } from "./mel-bank.ts";
import { type BandRange, bandEdges, htk, slaney } from "./mel-scale.ts";

/** Log-mel that stays at 0 in silence: log10(10,000 x + 1), by `divisor`. */
export interface CompressedMelOptions extends BandRange {
  readonly sampleRate: number; // Hz
  readonly windowLength: number; // samples, a power of two
  readonly hopLength: number; // samples
  /** Frames that a clip is cut or filled up to. */
  readonly nFrames: number;
  /** Hann's window, 0 again after its last sample or at it. */
  readonly window: "periodic" | "symmetric";
  readonly scale: "htk" | "slaney";
  /** On which axis the filters are triangles. */
  readonly triangles: "mel" | "hertz";
  /** A filter's weights sum to 1, or it has area 1 over Hz. */
  readonly norm: "sum" | "area";
  /** Whether a clip is divided by its loudest sample. */
  readonly isLevelled: boolean;
  readonly divisor: number;
}

/**
 * What aiSFX's weights were trained on: Essentia's frames, divided by the
 * largest value of the training data, as the package does unless told otherwise.
 */
export const aisfxMel: CompressedMelOptions = {
  sampleRate: 44_100,
  windowLength: 2048, // 46 ms
  hopLength: 1024, // 23 ms
  nFrames: 432, // 10 s: 441,000 samples, and the frame that they end in
  nBands: 96,
  lowest: 0,
  highest: 22_050,
  window: "symmetric",
  scale: "htk",
  triangles: "mel",
  norm: "sum",
  isLevelled: false,
  divisor: 9.457798957824707,
};

/**
 * The package's other front-end, librosa's, which it offers for convenience. It
 * hands the network frames and bands exchanged; here they are not.
 */
export const aisfxLibrosaMel: CompressedMelOptions = {
  ...aisfxMel,
  window: "periodic",
  triangles: "hertz",
  isLevelled: true,
};

/**
 * What musicnn hears, by librosa: 10 s in windows of 187 frames, the last one
 * filled up.
 *
 * In float32: the original rounds to float16, where loud sounds are infinite. The
 * ends are filled with zeros, as librosa does since 0.9; before, and when musicnn
 * was trained, it mirrored them, which differs in the first and last frame.
 */
export const musicnnMel: CompressedMelOptions = {
  sampleRate: 16_000,
  windowLength: 512, // 32 ms
  hopLength: 256, // 16 ms
  nFrames: 4 * 187, // 11.97 s
  nBands: 96,
  lowest: 0,
  highest: 8_000,
  window: "periodic",
  scale: "slaney",
  triangles: "hertz",
  norm: "area",
  isLevelled: false,
  divisor: 1,
};

interface Plan {
  readonly window: Float64Array;
  readonly bank: MelBank;
  readonly spectrum: PowerSpectrum;
  readonly frame: Float64Array;
  readonly power: Float64Array;
  readonly bands: Float64Array;
}

const plans = new WeakMap<CompressedMelOptions, Plan>();

/**
 * Log-mel frames of a clip, each around its time.
 *
 * A longer clip keeps its beginning. A shorter one is followed by silence, which
 * is 0 in these units, so that it makes no difference where it is filled up.
 *
 * @param samples - mono, -1..1, at the options' rate
 * @throws RangeError for a clip without samples, or with one that is no number
 */
export function compressedMel(
  samples: Float32Array,
  options: CompressedMelOptions,
): Mel {
  const { divisor, hopLength, nBands, nFrames, windowLength } = options;
  const { bands, bank, frame, power, spectrum, window } = planOf(options);
  const gain = gainOf(samples, options);
  const values = new Float32Array(nFrames * nBands);
  const half = windowLength / 2;
  const nHeard = Math.ceil((samples.length + half) / hopLength);
  const nMade = Math.min(nFrames, nHeard);
  const clip = new Float32Array((nMade - 1) * hopLength + windowLength);
  clip.set(samples.subarray(0, clip.length - half), half);
  for (let f = 0; f < nMade; f++) {
    const at = f * hopLength;
    for (let i = 0; i < windowLength; i++) {
      frame[i] = gain * clip[at + i] * window[i];
    }
    spectrum(frame, power);
    bandPowers(power, bank, bands);
    for (let band = 0; band < nBands; band++) {
      values[f * nBands + band] = Math.log10(1e4 * bands[band] + 1) / divisor;
    }
  }
  return { nFrames, nBands, values };
}

/** What a clip is multiplied by; silence stays as it is. */
function gainOf(
  samples: Float32Array,
  { isLevelled }: CompressedMelOptions,
): number {
  let loudest = 0;
  for (let i = 0; i < samples.length; i++) {
    loudest = Math.max(loudest, Math.abs(samples[i])); // NaN stays NaN
  }
  if (samples.length === 0 || !Number.isFinite(loudest)) {
    throw new RangeError(
      `compressedMel: expected at least one sample, each a number, ` +
        `got ${samples.length === 0 ? "none" : loudest}`,
    );
  }
  return isLevelled && loudest > 0 ? 1 / loudest : 1;
}

function planOf(options: CompressedMelOptions): Plan {
  const kept = plans.get(options);
  if (kept) return kept;
  const { nBands, window, windowLength } = options;
  const period = window === "periodic" ? windowLength : windowLength - 1;
  const plan = {
    window: hann(windowLength, period),
    bank: bankOf(options),
    spectrum: powerSpectrum(windowLength),
    frame: new Float64Array(windowLength),
    power: new Float64Array(windowLength / 2 + 1),
    bands: new Float64Array(nBands),
  };
  plans.set(options, plan);
  return plan;
}

function bankOf(options: CompressedMelOptions): MelBank {
  const { nBands, norm, sampleRate, triangles, windowLength } = options;
  const scale = options.scale === "htk" ? htk : slaney;
  const place = triangles === "mel" ? scale.melOf : (hz: number) => hz;
  const edges = bandEdges(scale, options);
  const nBins = windowLength / 2 + 1;
  const bins = Array.from({ length: nBins }, (_, bin) =>
    place((bin * sampleRate) / windowLength),
  );
  const heights = Array.from({ length: nBands }, (_, band) => {
    if (norm === "area") return 2 / (edges[band + 2] - edges[band]);
    const around = edges.slice(band, band + 3).map(place);
    return 1 / bins.reduce((sum, bin) => sum + triangle(bin, around), 0);
  });
  return melBank(nBands, nBins, (band, bin) => {
    const around = edges.slice(band, band + 3).map(place);
    return heights[band] * triangle(bins[bin], around);
  });
}
