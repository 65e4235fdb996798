import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Instrument,
  renderNote,
  type Soundfont,
} from "../../../audio/soundfont.ts";
import { writeWhole } from "../../../files/atomic.ts";

/** A note as the bank keeps it: held to its end, cut when it is used. */
export interface BankNote {
  readonly soundfont: string;
  readonly instrument: Instrument;
  readonly key: number;
  readonly velocity: number;
}

export interface NoteBankOptions {
  /** Made if it is not there. */
  readonly folder: string;
  /** A SoundFont by its name, opened when a note of it is not there yet. */
  readonly soundfontNamed: (name: string) => Soundfont;
  readonly sampleRate: number; // Hz
  /** Longest note, in seconds. */
  readonly seconds: number;
}

/** Notes that are rendered once. */
export interface NoteBank {
  readonly sampleRate: number;
  /** Mono samples; silence at the end is not kept. */
  note(wanted: BankNote): Promise<Float32Array>;
}

/** Below this share of its peak the end of a note counts as silence. */
const silence = 1e-4;

/** What is kept was made by this; raise it when notes would sound otherwise. */
const version = 1;

/**
 * Opens a bank of rendered notes, in memory and in a folder: a note takes some
 * 50 ms to render and well under one to read.
 *
 * Its `note` throws a RangeError for a note that its SoundFont does not sound.
 */
export function openNoteBank(options: NoteBankOptions): NoteBank {
  const { folder, sampleRate, seconds, soundfontNamed } = options;
  mkdirSync(folder, { recursive: true });
  const known = new Map<string, Float32Array>();
  const nSamples = Math.round(seconds * sampleRate);
  return {
    sampleRate,
    note: async (wanted) => {
      const told = JSON.stringify({ ...wanted, nSamples, sampleRate, version });
      const inMemory = known.get(told);
      if (inMemory) return inMemory;
      const name = createHash("sha256").update(told).digest("hex");
      const path = join(folder, `${name.slice(0, 24)}.f32`);
      const samples = existsSync(path)
        ? floatsIn(path)
        : await rendered(soundfontNamed(wanted.soundfont), wanted, options);
      if (!existsSync(path)) writeWhole(path, bytesOf(samples));
      known.set(told, samples);
      return samples;
    },
  };
}

async function rendered(
  font: Soundfont,
  { soundfont, ...note }: BankNote,
  { sampleRate, seconds }: Pick<NoteBankOptions, "sampleRate" | "seconds">,
): Promise<Float32Array> {
  const nSamples = Math.round(seconds * sampleRate);
  const sound = { ...note, seconds };
  const samples = await renderNote(font, sound, { nSamples, sampleRate });
  const peak = samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  if (!(peak > 0)) {
    throw new RangeError(
      `note: expected a sound, got silence (${JSON.stringify(note)}, ` +
        `SoundFont "${soundfont}")`,
    );
  }
  let end = samples.length;
  while (Math.abs(samples[end - 1]) < silence * peak) end--;
  return samples.slice(0, end);
}

const bytesOf = ({ buffer, byteLength, byteOffset }: Float32Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);

function floatsIn(path: string): Float32Array {
  const bytes = readFileSync(path);
  return new Float32Array(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
  );
}
