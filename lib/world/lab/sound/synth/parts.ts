import type { Random } from "../../../../tensor/random.ts";

/** What every synthesised sound is told. */
export interface Played {
  readonly sampleRate: number; // Hz
  readonly nSamples: number;
  /** How long it goes on, in seconds; it may ring on after. */
  readonly seconds: number;
  /** From low (0) to high (1), within what the class allows. */
  readonly pitch: number;
  readonly chance: Random;
}

/** A value between two, by its place from 0 to 1, in equal ratios. */
export const between = (low: number, high: number, place: number): number =>
  low * (high / low) ** place;

/** White noise of variance 1. */
export function noise({ chance, nSamples }: Played): Float32Array {
  return Float32Array.from({ length: nSamples }, () => chance.normal());
}

/** What lies below a corner, 6 dB an octave. */
export function lowpass(
  samples: Float32Array,
  corner: number, // Hz
  sampleRate: number,
): Float32Array {
  const keep = Math.exp((-2 * Math.PI * corner) / sampleRate);
  let state = 0;
  return samples.map((x) => {
    state = keep * state + (1 - keep) * x;
    return state;
  });
}

/** What lies above a corner, 6 dB an octave. */
export function highpass(
  samples: Float32Array,
  corner: number, // Hz
  sampleRate: number,
): Float32Array {
  const low = lowpass(samples, corner, sampleRate);
  return samples.map((x, i) => x - low[i]);
}

/**
 * Lets a band through; its centre may move.
 *
 * @param centre - Hz at each sample, or of all
 * @param quality - centre over bandwidth
 */
export function bandpass(
  samples: Float32Array,
  centre: number | ((i: number) => number),
  { quality, sampleRate }: { quality: number; sampleRate: number },
): Float32Array {
  const centreAt = typeof centre === "number" ? () => centre : centre;
  let [low, band] = [0, 0];
  // Chamberlin's state-variable filter: stable below a sixth of the rate.
  return samples.map((x, i) => {
    const hertz = Math.min(centreAt(i), sampleRate / 6.5);
    const f = 2 * Math.sin((Math.PI * hertz) / sampleRate);
    low += f * band;
    band += f * (x - low - band / quality);
    return band / quality;
  });
}

/**
 * A tone with overtones, its frequency given sample by sample.
 *
 * @param overtones - strength of each multiple from the first
 */
export function tone(
  { nSamples, sampleRate }: Pick<Played, "nSamples" | "sampleRate">,
  frequency: (seconds: number) => number, // Hz
  overtones: readonly number[] = [1],
): Float32Array {
  const samples = new Float32Array(nSamples);
  let phase = 0;
  for (let i = 0; i < nSamples; i++) {
    const hertz = frequency(i / sampleRate);
    phase += hertz / sampleRate;
    phase -= Math.floor(phase);
    const highest = Math.min(
      overtones.length,
      Math.floor((0.45 * sampleRate) / hertz),
    );
    // sin kx by the two before it: a sine a sample instead of one an overtone.
    const twice = 2 * Math.cos(2 * Math.PI * phase);
    let [before, sine] = [0, Math.sin(2 * Math.PI * phase)];
    for (let k = 0; k < highest; k++) {
      samples[i] += overtones[k] * sine;
      [before, sine] = [sine, twice * sine - before];
    }
  }
  return samples;
}

/** Each sample times a function of its time in seconds. */
export function shaped(
  samples: Float32Array,
  sampleRate: number,
  shape: (seconds: number) => number,
): Float32Array {
  return samples.map((x, i) => x * shape(i / sampleRate));
}

/** Rises in `attack`, then dies away: to 1/e after `decay` seconds. */
export const pluck =
  (attack: number, decay: number) =>
  (seconds: number): number =>
    seconds < 0
      ? 0
      : seconds < attack
        ? seconds / attack
        : Math.exp(-(seconds - attack) / decay);

/** Rises, holds, falls; 0 after `seconds`. */
export const held =
  (seconds: number, { attack = 0.05, release = 0.1 } = {}) =>
  (at: number): number =>
    Math.max(0, Math.min(1, at / attack, (seconds - at) / release));

/** Adds a sound into another from a time on; what stands over is cut. */
export function addAt(
  into: Float32Array,
  samples: Float32Array,
  { from, gain = 1 }: { from: number; gain?: number }, // sample
): void {
  const end = Math.min(into.length, from + samples.length);
  for (let i = Math.max(0, from); i < end; i++) {
    into[i] += gain * samples[i - from];
  }
}

/**
 * The same short sound again and again.
 *
 * @param onsets - seconds
 */
export function repeated(
  played: Played,
  onsets: readonly number[],
  one: (played: Played, place: number) => Float32Array,
): Float32Array {
  const { nSamples, sampleRate } = played;
  const samples = new Float32Array(nSamples);
  for (const [place, onset] of onsets.entries()) {
    const from = Math.round(onset * sampleRate);
    if (from >= nSamples) break;
    addAt(samples, one({ ...played, nSamples: nSamples - from }, place), {
      from,
    });
  }
  return samples;
}

/** Onsets at a pace that wavers, from 0 until `seconds`. */
export function paced(
  { chance, seconds }: Pick<Played, "chance" | "seconds">,
  period: number, // seconds
  waver = 0.1,
): number[] {
  const onsets: number[] = [];
  for (let at = 0; at < Math.max(seconds, period / 2); ) {
    onsets.push(at);
    at += period * (1 + waver * chance.uniform(-1, 1));
  }
  return onsets;
}

/** Onsets without a pace: `rate` a second by chance. */
export function scattered(
  { chance, seconds }: Pick<Played, "chance" | "seconds">,
  rate: number,
): number[] {
  const onsets: number[] = [0];
  for (;;) {
    const next = onsets[onsets.length - 1];
    const at = next - Math.log(1 - chance.uniform()) / rate;
    if (at >= seconds) return onsets;
    onsets.push(at);
  }
}

/** What a throat makes of a buzz: bands at its formants. */
export function formants(
  samples: Float32Array,
  bands: readonly { readonly hertz: number; readonly gain: number }[],
  sampleRate: number,
): Float32Array {
  const sum = new Float32Array(samples.length);
  for (const { gain, hertz } of bands) {
    const band = bandpass(samples, hertz, { quality: 6, sampleRate });
    for (let i = 0; i < sum.length; i++) sum[i] += gain * band[i];
  }
  return sum;
}

/** Overtones of a string or a throat. */
export const buzz = Array.from({ length: 30 }, (_, k) => 1 / (k + 1));
