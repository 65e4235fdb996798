import { escapeHtml } from "./html.ts";
import { currentScreen, type Screen } from "./kernel.ts";

export interface ListenOptions {
  readonly label: string;
  /** Makes a 16-bit WAV file of samples from -1 to 1. */
  readonly encodeWav: (samples: Float32Array, sampleRate: number) => Uint8Array;
  readonly screen?: Screen;
}

/** Longer sounds make a notebook too large to share. */
const longest = 60;

/**
 * Puts a player for one channel of sound under the cell.
 *
 * Sound beyond -1 to 1 would crackle: it is played more quietly, and the
 * label says by how much.
 *
 * @param samples - from -1 to 1
 * @param sampleRate - in Hz, from 3,000 to 192,000 as browsers play it
 */
export function listen(
  samples: Float32Array,
  sampleRate: number,
  { label, encodeWav, screen = currentScreen() }: ListenOptions,
): void {
  const peak = checkedPeak(samples, sampleRate);
  const seconds = samples.length / sampleRate;
  const notes = [`${seconds.toFixed(2)} s at ${sampleRate} Hz`];
  if (peak === 0) notes.push("silent");
  if (peak > 1) {
    const quieter = (20 * Math.log10(peak)).toFixed(1);
    notes.push(`peak ${peak.toFixed(2)}, played ${quieter} dB quieter`);
  }
  const text = `${label} (${notes.join("; ")})`;
  if (screen.publish === undefined) {
    screen.write(`Sound: ${text}\n`);
    return;
  }
  const playable = peak > 1 ? samples.map((value) => value / peak) : samples;
  const wav = Buffer.from(encodeWav(playable, sampleRate)).toString("base64");
  screen.publish(
    {
      data: {
        "text/html":
          `<div style="font-size:13px">${escapeHtml(text)}<br>` +
          `<audio controls preload="metadata" style="margin-top:4px" ` +
          `src="data:audio/wav;base64,${wav}"></audio></div>`,
        "text/plain": `Sound: ${text}`,
      },
    },
    false,
  );
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
