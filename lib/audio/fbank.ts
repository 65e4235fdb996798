import { hann, type PowerSpectrum, powerSpectrum } from "./fft.ts";
import type { Mel, MelOptions } from "./mel.ts";
import { logBands, type MelBank, melBank, triangle } from "./mel-bank.ts";
import { htk } from "./mel-scale.ts";

/** Kaldi's filter bank. */
export interface FbankOptions extends MelOptions {
  readonly preemphasis: number;
}

/** What SSLAM's official feature extraction passes to `kaldi.fbank`. */
export const sslamFbank: FbankOptions = {
  sampleRate: 16_000,
  windowLength: 400, // 25 ms
  hopLength: 160, // 10 ms
  fftLength: 512,
  preemphasis: 0.97,
  nBands: 128,
  lowest: 20,
  highest: 8_000,
  floor: 2 ** -23, // the float32 epsilon
};

interface Plan {
  readonly preemphasis: number;
  readonly window: Float64Array;
  readonly bank: MelBank;
  readonly spectrum: PowerSpectrum;
  readonly frame: Float64Array;
  readonly power: Float64Array;
}

const plans = new WeakMap<FbankOptions, Plan>();

/**
 * Natural-log mel frames as `torchaudio.compliance.kaldi.fbank` makes them.
 *
 * Symmetric Hann window, no dither, power spectrum; only whole windows count.
 * Does not subtract the clip's mean: each frame loses its own.
 *
 * @param samples - mono, -1..1, at the options' rate
 */
export function fbank(samples: Float32Array, options = sslamFbank): Mel {
  const { fftLength, floor, hopLength, nBands, windowLength } = options;
  if (samples.length < windowLength) {
    throw new RangeError(
      `fbank: expected at least one window of ${windowLength} samples, ` +
        `got ${samples.length}; pad the clip first`,
    );
  }
  const plan = planOf(options);
  const nFrames = 1 + Math.floor((samples.length - windowLength) / hopLength);
  const values = new Float32Array(nFrames * nBands);
  const { bank, frame, power, spectrum } = plan;
  frame.fill(0, windowLength, fftLength);
  for (let f = 0; f < nFrames; f++) {
    takeFrame(samples, f * hopLength, plan);
    spectrum(frame, power);
    logBands(power, bank, { out: values, at: f * nBands, floor, scale: 1 });
  }
  return { nFrames, nBands, values };
}

/** Mean removed, high frequencies lifted, windowed. */
function takeFrame(samples: Float32Array, at: number, plan: Plan): void {
  const { frame, preemphasis, window } = plan;
  const length = window.length;
  let sum = 0;
  for (let i = 0; i < length; i++) sum += samples[at + i];
  // Subtracting the mean before the pre-emphasis leaves this share of it.
  const rest = (sum / length) * (1 - preemphasis);
  let last = samples[at];
  for (let i = 0; i < length; i++) {
    const sample = samples[at + i];
    frame[i] = (sample - preemphasis * last - rest) * window[i];
    last = sample;
  }
}

function planOf(options: FbankOptions): Plan {
  const kept = plans.get(options);
  if (kept) return kept;
  const { fftLength, preemphasis, windowLength } = options;
  const plan = {
    preemphasis,
    // Kaldi's window is 0 at both ends.
    window: hann(windowLength, windowLength - 1),
    bank: kaldiBank(options),
    spectrum: powerSpectrum(fftLength),
    frame: new Float64Array(fftLength),
    power: new Float64Array(fftLength / 2 + 1),
  };
  plans.set(options, plan);
  return plan;
}

/** Triangles in mel, without area norm; the topmost bin is left out. */
function kaldiBank(options: FbankOptions): MelBank {
  const { fftLength, highest, lowest, nBands, sampleRate } = options;
  const hzOfBin = sampleRate / fftLength;
  const from = htk.melOf(lowest);
  const step = (htk.melOf(highest) - from) / (nBands + 1);
  return melBank(nBands, fftLength / 2, (band, bin) => {
    const edges = [0, 1, 2].map((i) => from + (band + i) * step);
    return triangle(htk.melOf(bin * hzOfBin), edges);
  });
}
