import { hann, type PowerSpectrum, powerSpectrum } from "./fft.ts";
import type { FrameOptions, Mel } from "./mel.ts";
import { logBands, type MelBank, melBank, triangle } from "./mel-bank.ts";
import { bandEdges, slaney } from "./mel-scale.ts";

/** CLAP's log-mel; its windows are a power of two long. */
export interface ClapMelOptions extends FrameOptions {
  /** Length that a clip is cut or padded to. */
  readonly nSamples: number;
  /**
   * How a short clip is filled: whole copies and then zeros, or zeros only.
   *
   * `repeatpad` is the checkpoints' own setting; which one the paper used is
   * not in the paper.
   */
  readonly padding: "repeatpad" | "pad";
}

/** The preprocessor settings of every published CLAP without fusion. */
export const clapMelOptions: ClapMelOptions = {
  sampleRate: 48_000,
  nSamples: 480_000, // 10 s
  padding: "repeatpad",
  windowLength: 1024,
  hopLength: 480, // 10 ms
  nBands: 64,
  lowest: 50,
  highest: 14_000,
  floor: 1e-10, // -100 dB
};

interface Plan {
  readonly window: Float64Array;
  readonly bank: MelBank;
  readonly spectrum: PowerSpectrum;
  readonly frame: Float64Array;
  readonly power: Float64Array;
}

const plans = new WeakMap<ClapMelOptions, Plan>();

/**
 * Log-mel frames in dB as transformers' `ClapFeatureExtractor` makes them.
 *
 * A longer clip keeps its beginning (the original cuts at random); a shorter
 * one is padded. Frames are centered, the ends mirrored.
 *
 * @param samples - mono, -1..1, at the options' rate
 */
export function clapMel(samples: Float32Array, options = clapMelOptions): Mel {
  const { floor, hopLength, nBands, nSamples, windowLength } = options;
  if (samples.length === 0) {
    throw new RangeError("clapMel: expected at least one sample, got none");
  }
  const { bank, frame, power, spectrum, window } = planOf(options);
  const clip = mirrorEnds(fill(samples, options), windowLength / 2);
  const nFrames = 1 + Math.floor(nSamples / hopLength);
  const values = new Float32Array(nFrames * nBands);
  const scale = 10 / Math.LN10;
  for (let f = 0; f < nFrames; f++) {
    const at = f * hopLength;
    for (let i = 0; i < windowLength; i++) frame[i] = clip[at + i] * window[i];
    spectrum(frame, power);
    logBands(power, bank, { out: values, at: f * nBands, floor, scale });
  }
  return { nFrames, nBands, values };
}

/** Cuts a clip to `nSamples`, or fills it up as `padding` says. */
export function fill(
  samples: Float32Array,
  { nSamples, padding }: Pick<ClapMelOptions, "nSamples" | "padding">,
): Float32Array {
  const filled = new Float32Array(nSamples);
  const length = Math.min(samples.length, nSamples);
  filled.set(samples.subarray(0, length));
  if (padding === "pad") return filled;
  const copied = length * Math.floor(nSamples / length);
  // Each copy doubles what is there, so one sample takes 20 steps and no more.
  for (let at = length; at < copied; at *= 2) {
    filled.copyWithin(at, 0, Math.min(at, copied - at));
  }
  return filled;
}

/** Extends a clip by its mirror image; the end samples are not repeated. */
function mirrorEnds(clip: Float32Array, reach: number): Float32Array {
  const last = clip.length - 1;
  if (reach > last) {
    throw new RangeError(
      `clapMel: expected nSamples above half a window (${reach}), ` +
        `got ${clip.length}`,
    );
  }
  const longer = new Float32Array(clip.length + 2 * reach);
  longer.set(clip, reach);
  for (let i = 1; i <= reach; i++) {
    longer[reach - i] = clip[i];
    longer[reach + last + i] = clip[last - i];
  }
  return longer;
}

function planOf(options: ClapMelOptions): Plan {
  const kept = plans.get(options);
  if (kept) return kept;
  const { windowLength } = options;
  const plan = {
    window: hann(windowLength),
    bank: slaneyBank(options),
    spectrum: powerSpectrum(windowLength),
    frame: new Float64Array(windowLength),
    power: new Float64Array(windowLength / 2 + 1),
  };
  plans.set(options, plan);
  return plan;
}

/** Triangles in Hz, each of area 1. */
function slaneyBank(options: ClapMelOptions): MelBank {
  const { nBands, sampleRate, windowLength } = options;
  const edges = bandEdges(slaney, options);
  return melBank(nBands, windowLength / 2 + 1, (band, bin) => {
    const around = edges.slice(band, band + 3);
    const height = 2 / (around[2] - around[0]);
    return height * triangle((bin * sampleRate) / windowLength, around);
  });
}
