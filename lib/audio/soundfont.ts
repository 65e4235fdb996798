import {
  type BasicSoundBank,
  SoundBankLoader,
  SpessaSynthProcessor,
} from "spessasynth_core";

/** What plays: a General MIDI program from 0, or the drum kit. */
export type Instrument = { readonly program: number } | { readonly drum: true };

/** One note of one instrument. */
export interface Note {
  readonly instrument: Instrument;
  /** MIDI note number; 60 is middle C. On the drum kit it picks the drum. */
  readonly key: number;
  /** How hard it is struck, 1 to 127. */
  readonly velocity: number;
  /** From the key's press to its release, in seconds. */
  readonly seconds: number;
}

export interface Soundfont {
  readonly name: string;
  readonly bank: BasicSoundBank;
}

const drumChannel = 9;
/** Samples between two updates of the envelopes, as the synthesizer advises. */
const blockLength = 128;

/** Reads the bytes of a SoundFont (.sf2 or .sf3). */
export function readSoundfont(name: string, bytes: Uint8Array): Soundfont {
  try {
    const copy = new Uint8Array(bytes);
    return { name, bank: SoundBankLoader.fromArrayBuffer(copy.buffer) };
  } catch (cause) {
    throw new Error(
      `readSoundfont: expected a SoundFont, got ${bytes.length} bytes that ` +
        `cannot be read as one ("${name}")`,
      { cause },
    );
  }
}

/**
 * Plays one note without effects and returns it as mono samples.
 *
 * A new synthesizer for each note: what was played before leaves no trace, so
 * the same note gives the same bytes wherever it stands in a run.
 *
 * @param nSamples - length of the result; the sound rings on until its end
 * @param sampleRate - Hz
 */
export async function renderNote(
  { bank }: Soundfont,
  note: Note,
  { nSamples, sampleRate }: { nSamples: number; sampleRate: number },
): Promise<Float32Array> {
  const { instrument, key, seconds, velocity } = note;
  const synth = new SpessaSynthProcessor(sampleRate, {
    eventsEnabled: false,
    effectsEnabled: false,
  });
  synth.soundBankManager.addSoundBank(bank, "main");
  await synth.processorInitialized;
  const isDrum = "drum" in instrument;
  const channel = isDrum ? drumChannel : 0;
  if (!isDrum) synth.programChange(channel, instrument.program);

  const left = new Float32Array(nSamples);
  const right = new Float32Array(nSamples);
  const release = Math.round(seconds * sampleRate);
  synth.noteOn(channel, key, velocity);
  let isHeld = true;
  for (let at = 0; at < nSamples; at += blockLength) {
    if (isHeld && at >= release) {
      synth.noteOff(channel, key);
      isHeld = false;
    }
    synth.process(left, right, at, Math.min(blockLength, nSamples - at));
  }
  return left.map((sample, i) => (sample + right[i]) / 2);
}
