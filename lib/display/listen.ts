import { escapeHtml } from "./html.ts";
import { currentScreen, type Screen } from "./kernel.ts";

export interface ListenOptions {
  readonly label: string;
  /** Makes a 16-bit WAV file of samples from -1 to 1. */
  readonly encodeWav: (samples: Float32Array, sampleRate: number) => Uint8Array;
  /** Makes the smaller file of what is too long for a WAV. */
  readonly encodeMp3: (
    samples: Float32Array,
    sampleRate: number,
  ) => Promise<CompressedSound>;
  readonly screen?: Screen;
}

/** A compressed file, and what it says of itself. */
export interface CompressedSound {
  readonly bytes: Uint8Array;
  readonly sampleRate: number; // Hz
  readonly bitRate: number; // kbit/s
}

/** What a player under the cell is given. */
interface Playable {
  readonly type: "audio/wav" | "audio/mpeg";
  readonly bytes: Uint8Array;
  /** How it was coded. */
  readonly note: string;
}

/** Longer sounds make a notebook too large to share. */
const longest = 60; // seconds

/** A longer WAV would leave no room for a notebook's figures. */
const largestWav = 64_000; // bytes of samples: 2 s at 16 kHz

/**
 * Puts a player for one channel of sound under the cell, and says what it
 * plays: a WAV of short sounds, an MP3 of longer ones.
 *
 * Sound beyond -1 to 1 would crackle: it is played more quietly, and the
 * label says by how much. A terminal gets the label alone.
 *
 * @param samples - from -1 to 1
 * @param sampleRate - in Hz, from 3,000 to 192,000 as browsers play it
 */
export async function listen(
  samples: Float32Array,
  sampleRate: number,
  options: ListenOptions,
): Promise<void> {
  const { label, screen = currentScreen() } = options;
  const peak = checkedPeak(samples, sampleRate);
  const seconds = samples.length / sampleRate;
  const notes = [`${seconds.toFixed(2)} s at ${sampleRate} Hz`];
  if (peak === 0) notes.push("silent");
  if (screen.publish === undefined) {
    screen.write(`Sound: ${label} (${notes.join("; ")})\n`);
    return;
  }
  if (peak > 1) {
    const quieter = (20 * Math.log10(peak)).toFixed(1);
    notes.push(`peak ${peak.toFixed(2)}, played ${quieter} dB quieter`);
  }
  const inRange = peak > 1 ? samples.map((value) => value / peak) : samples;
  const { bytes, note, type } = await encode(inRange, sampleRate, options);
  const text = `${label} (${[...notes, note].join("; ")})`;
  const source = `data:${type};base64,${Buffer.from(bytes).toString("base64")}`;
  screen.publish(
    {
      data: {
        "text/html":
          `<div style="font-size:13px">${escapeHtml(text)}<br>` +
          `<audio controls preload="metadata" style="margin-top:4px" ` +
          `src="${source}"></audio></div>`,
        "text/plain": `Sound: ${text}`,
      },
    },
    false,
  );
}

async function encode(
  samples: Float32Array,
  sampleRate: number,
  { encodeMp3, encodeWav }: ListenOptions,
): Promise<Playable> {
  if (2 * samples.length <= largestWav) {
    const bytes = encodeWav(samples, sampleRate);
    return { type: "audio/wav", bytes, note: "WAV" };
  }
  const mp3 = await encodeMp3(samples, sampleRate);
  const note =
    `compressed for the page: MP3, ${mp3.bitRate} kbit/s, ` +
    `${mp3.sampleRate} Hz`;
  return { type: "audio/mpeg", bytes: mp3.bytes, note };
}

/** The largest size of a sample. */
function checkedPeak(samples: Float32Array, sampleRate: number): number {
  if (!(sampleRate >= 3_000 && sampleRate <= 192_000)) {
    throw new RangeError(
      `listen: expected 3000 to 192000 samples a second, got ${sampleRate}`,
    );
  }
  if (samples.length === 0 || samples.length > longest * sampleRate) {
    throw new RangeError(
      `listen: expected sound of up to ${longest} s, ` +
        `got ${samples.length} samples at ${sampleRate} Hz`,
    );
  }
  let peak = 0;
  for (const [at, value] of samples.entries()) {
    if (!Number.isFinite(value)) {
      throw new RangeError(
        `listen: expected finite samples, got ${value} (sample ${at})`,
      );
    }
    peak = Math.max(peak, Math.abs(value));
  }
  return peak;
}
