import {
  type DecodedAudio,
  decodeAudio,
} from "../../../lib/audio/decode/decode.ts";
import { damageBytes } from "../damage.ts";
import type { Kind } from "../kind.ts";
import { fixture } from "./fixtures.ts";
import { wav } from "./wav.ts";

/** Seconds of sound and milliseconds of work that a file may ask for. */
const limits = { maxSeconds: 20, maxMilliseconds: 3000 };

function wrongSound({ samples, sampleRate, seconds }: DecodedAudio) {
  if (!samples.every(Number.isFinite)) return "a sample that is no number";
  if (seconds > limits.maxSeconds) return `${seconds} s of sound`;
  const length = samples.length / sampleRate;
  return length === seconds ? undefined : `${seconds} s, but ${length} s long`;
}

/**
 * Damaged sounds of one format.
 *
 * A flipped bit in samples is another sound, so only what holds for any is
 * judged: samples are finite, as many as the seconds say, within the limits.
 */
const sound = (
  name: string,
  seeds: Readonly<Record<string, () => Uint8Array>>,
): Kind => ({
  name,
  seeds: () =>
    Object.entries(seeds).map(([name, bytes]) => ({ name, bytes: bytes() })),
  mutate: damageBytes,
  judge: async ({ bytes }) => wrongSound(await decodeAudio(bytes, { limits })),
  refusal: /^decodeAudio: expected .*, got /s,
});

const stored = (name: string) => ({ [name]: () => fixture("audio", name) });

/** Another format or another seed is a line here. */
export const sounds: readonly Kind[] = [
  sound("wav", {
    "16 bits": () => wav({ bits: 16, coding: 1 }),
    "8 bits": () => wav({ bits: 8, coding: 1 }),
    "32 bits, float": () => wav({ bits: 32, coding: 3 }),
  }),
  sound("flac", { ...stored("tones.flac"), ...stored("seven.flac") }),
  sound("mp3", { ...stored("tone.mp3"), ...stored("tones-vbr.mp3") }),
  sound("ogg", {
    ...stored("tones.ogg"),
    ...stored("tones.opus"),
    ...stored("tones-flac.ogg"),
  }),
];
