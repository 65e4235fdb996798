/** Shape of the low-pass filter; the values are torchaudio's defaults. */
export interface ResampleOptions {
  /** Zero crossings of the sinc on each side. */
  readonly width: number;
  /** Cut-off as a share of the lower Nyquist frequency. */
  readonly rolloff: number;
}

export const torchaudioResample: ResampleOptions = { width: 6, rolloff: 0.99 };

/** One row of weights for each place an output can have between inputs. */
interface Kernel {
  /** Input samples and output samples of one period. */
  readonly period: { readonly from: number; readonly to: number };
  readonly nTaps: number;
  /** First input that a phase reads, from the start of its period. */
  readonly first: Int32Array;
  /** Weights of phase p at p * nTaps. */
  readonly weights: Float32Array;
}

/**
 * Changes the rate of a waveform as `torchaudio.functional.resample` does.
 *
 * A sinc under a Hann window, evaluated once for each phase and kept for the
 * next clip of the same rates. n samples become ceil(n * to / from).
 *
 * @param from - rate of the samples, Hz, a whole number
 * @param to - rate wanted, Hz, a whole number
 */
export function resample(
  samples: Float32Array,
  from: number,
  { to, ...options }: { readonly to: number } & Partial<ResampleOptions>,
): Float32Array {
  for (const rate of [from, to]) {
    if (!(Number.isInteger(rate) && rate > 0)) {
      throw new RangeError(
        `resample: expected whole rates above 0 Hz, got ${from} to ${to}`,
      );
    }
  }
  if (from === to) return samples.slice();
  return convolve(samples, kernelOf(from, to, options));
}

function convolve(samples: Float32Array, kernel: Kernel): Float32Array {
  const { first, nTaps, period, weights } = kernel;
  const nOut = Math.ceil((period.to * samples.length) / period.from);
  // Zeros on both sides spare the inner loop every check.
  const before = -first[0];
  const padded = new Float32Array(
    before + samples.length + nTaps + period.from,
  );
  padded.set(samples, before);
  const out = new Float32Array(nOut);
  for (let start = before, i = 0; i < nOut; start += period.from) {
    const phases = Math.min(period.to, nOut - i);
    for (let phase = 0; phase < phases; phase++, i++) {
      const at = start + first[phase];
      const row = phase * nTaps;
      let sum = 0;
      for (let tap = 0; tap < nTaps; tap++) {
        sum += weights[row + tap] * padded[at + tap];
      }
      out[i] = sum;
    }
  }
  return out;
}

const kernels = new Map<string, Kernel>();
const keptKernels = 8;

function kernelOf(
  from: number,
  to: number,
  options: Partial<ResampleOptions>,
): Kernel {
  const { rolloff, width } = { ...torchaudioResample, ...options };
  const key = [from, to, width, rolloff].join(" ");
  const kept = kernels.get(key);
  kernels.delete(key); // and back in, as the youngest
  const kernel = kept ?? makeKernel(from, to, { rolloff, width });
  kernels.set(key, kernel);
  const [oldest] = kernels.keys();
  if (kernels.size > keptKernels) kernels.delete(oldest);
  return kernel;
}

/** The formula of torchaudio's `_get_sinc_resample_kernel`, without zeros. */
function makeKernel(
  rateFrom: number,
  rateTo: number,
  { rolloff, width }: ResampleOptions,
): Kernel {
  const divisor = greatestCommonDivisor(rateFrom, rateTo);
  const from = rateFrom / divisor;
  const to = rateTo / divisor;
  const base = Math.min(from, to) * rolloff;
  const reach = (width * from) / base; // input samples on each side
  const nTaps = Math.floor(2 * reach) + 1;
  const first = new Int32Array(to);
  const weights = new Float32Array(to * nTaps);
  for (let phase = 0; phase < to; phase++) {
    const center = (phase * from) / to;
    first[phase] = Math.ceil(center - reach);
    for (let tap = 0; tap < nTaps; tap++) {
      const t = ((first[phase] + tap - center) * base) / from;
      if (Math.abs(t) >= width) continue;
      const window = Math.cos((Math.PI * t) / (2 * width)) ** 2;
      weights[phase * nTaps + tap] = (sinc(t) * window * base) / from;
    }
  }
  return { period: { from, to }, nTaps, first, weights };
}

function sinc(t: number): number {
  return t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
