import type { AudioHeader } from "./header.ts";

/** What a file may ask for; checked from its header where that can be told. */
export interface DecodeLimits {
  readonly maxBytes: number;
  readonly maxSeconds: number;
  readonly maxSampleRate: number; // Hz
  readonly maxChannels: number;
  readonly maxMilliseconds: number; // of decoding
}

export const decodeLimits: DecodeLimits = {
  maxBytes: 256 * 2 ** 20,
  maxSeconds: 600,
  maxSampleRate: 384_000,
  maxChannels: 32,
  maxMilliseconds: 60_000,
};

const slowest = 1_000; // Hz: below it a rate is a damaged header

/** Refuses an empty or too large input before it is looked at. */
export function checkOptions(
  bytes: Uint8Array,
  first: number | undefined,
  { maxBytes }: DecodeLimits,
): void {
  if (first !== undefined && !(first > 0)) {
    throw new RangeError(
      `decodeAudio: expected first to be above 0 seconds, got ${first}`,
    );
  }
  if (bytes.length === 0) {
    throw new RangeError("decodeAudio: expected audio, got an empty file");
  }
  if (bytes.length > maxBytes) throw tooLarge(bytes.length, maxBytes);
}

/** The error of a file above `maxBytes`. */
export function tooLarge(nBytes: number, maxBytes: number): RangeError {
  return new RangeError(
    `decodeAudio: expected at most ${maxBytes} bytes, got ${nBytes}; ` +
      "pass first to read its beginning only, or raise limits.maxBytes",
  );
}

/** The error of audio above `maxSeconds`. */
export function tooLong({ maxSeconds }: DecodeLimits, got: string): RangeError {
  return new RangeError(
    `decodeAudio: expected at most ${maxSeconds} seconds, got ${got}; ` +
      "pass first to decode its beginning only, or raise limits.maxSeconds",
  );
}

/** Refuses what the header says beyond the limits. */
export function checkHeader(
  { channels, nSamples, sampleRate }: AudioHeader,
  limits: DecodeLimits,
  first: number | undefined,
): void {
  const { maxChannels, maxSampleRate, maxSeconds } = limits;
  if (!(channels >= 1 && channels <= maxChannels)) {
    throw new RangeError(
      `decodeAudio: expected 1 to ${maxChannels} channels, got ${channels}`,
    );
  }
  if (!(sampleRate >= slowest && sampleRate <= maxSampleRate)) {
    throw new RangeError(
      `decodeAudio: expected ${slowest} to ${maxSampleRate} Hz, ` +
        `got ${sampleRate}`,
    );
  }
  const seconds = (nSamples ?? 0) / sampleRate;
  if (first === undefined && seconds > maxSeconds) {
    throw tooLong(limits, `${seconds.toFixed(1)}`);
  }
}

/** Refuses silence of the wrong kind: no samples, NaN, infinities. */
export function checkSamples(samples: Float32Array): void {
  if (samples.length === 0) {
    throw new RangeError(
      "decodeAudio: expected at least one sample, got none (0 seconds)",
    );
  }
  const at = samples.findIndex((sample) => !Number.isFinite(sample));
  if (at >= 0) {
    throw new RangeError(
      `decodeAudio: expected finite samples, got ${samples[at]} at ${at}`,
    );
  }
}
