import type { AudioHeader, Damage } from "./header.ts";

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

/** Encoder delay that an MP3 decoder may or may not trim, in samples. */
const mp3Slack = 4 * 1152;

/** The error of a file that ends too early. */
export function notWhole(why: string): RangeError {
  return new RangeError(
    `decodeAudio: expected a whole file, got one cut short: ${why}; ` +
      "pass acceptCutShort to take what is there",
  );
}

/** The error of a file that is damaged before its end. */
export function damaged({ at, what }: Damage): RangeError {
  return new RangeError(
    "decodeAudio: expected a file as its encoder wrote it, " +
      `got damage at byte ${at}: ${what}; ` +
      "fetch the file again, or pass acceptDamaged to take what decodes",
  );
}

/** What damage was passed over, in a note for each kind of place. */
export function damageNotes(damage: readonly Damage[]): string[] {
  const [first, ...others] = damage.filter(({ isEnd }) => !isEnd);
  if (first === undefined) return [];
  const more = others.length > 0 ? `, and ${others.length} more places` : "";
  return [
    `damaged at byte ${first.at}: ${first.what}${more}; ` +
      "samples there are wrong or missing",
  ];
}

/** Why a file ends too early, in words; undefined where it is whole. */
export function whyCutShort(
  { cutShort, format, nSamples }: AudioHeader,
  decoded: number,
  most: number,
): string | undefined {
  if (decoded === most) return undefined; // the rest was not asked for
  if (cutShort !== undefined) return cutShort;
  const slack = format === "mp3" ? mp3Slack : 0;
  if (nSamples === undefined || decoded >= nSamples - slack) return undefined;
  return `${nSamples} samples promised, ${decoded} decoded`;
}
