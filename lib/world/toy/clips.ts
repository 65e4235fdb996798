import {
  type Instrument,
  renderNote,
  type Soundfont,
} from "../../audio/soundfont.ts";
import { type Random, random } from "../../tensor/random.ts";
import { type Sound, sounds } from "./sounds.ts";

/** One sound in a clip. */
export interface SoundEvent {
  readonly label: string;
  readonly instrument: Instrument;
  readonly key: number;
  readonly velocity: number;
  /** Seconds from the clip's start. */
  readonly onset: number;
  /** Seconds from the key's press to its release. */
  readonly seconds: number;
  /** Highest absolute sample of the event after scaling. */
  readonly peak: number;
}

/** What is heard in a clip, before any of it is rendered. */
export interface ClipPlan {
  readonly name: string;
  readonly soundfont: string;
  readonly split: string;
  /** In order of onset. */
  readonly events: readonly SoundEvent[];
  /** The room and the microphone, which no class depends on. */
  readonly channel: Channel;
}

/** How a clip was recorded. */
export interface Channel {
  /** From dull (-) to bright (+): weight of the sample before. */
  readonly tilt: number;
  /** Standard deviation of the background noise. */
  readonly noise: number;
}

/** A rendered clip: mono, `sampleRate` samples a second. */
export interface Clip extends ClipPlan {
  readonly samples: Float32Array;
}

export interface ClipOptions {
  readonly seconds: number;
  readonly sampleRate: number; // Hz
  /** Share of the clips that hold two sounds. */
  readonly shareOfPairs: number;
}

export const clipOptions: ClipOptions = {
  seconds: 2,
  sampleRate: 16_000,
  shareOfPairs: 1 / 3,
};

/**
 * Plans labelled clips: every class leads equally often, the rest is chance.
 *
 * @param split - names the clips and their stream of chance
 */
export function planClips(
  split: string,
  soundfont: string,
  { count, seed }: { count: number; seed: number },
  options: ClipOptions = clipOptions,
): ClipPlan[] {
  return Array.from({ length: count }, (_, i) => {
    const chance = random("clips", seed, split, soundfont, i);
    const first = sounds[i % sounds.length];
    const isPair = chance.uniform() < options.shareOfPairs;
    const chosen = isPair ? [first, another(chance, first)] : [first];
    const events = chosen.map((sound, place) =>
      drawEvent(chance, sound, { place, of: chosen.length, options }),
    );
    const channel = {
      tilt: chance.uniform(-0.4, 0.4),
      noise: 10 ** chance.uniform(-4, -2.5),
    };
    const name = `${split}-${soundfont}-${i}`;
    return { name, soundfont, split, events, channel };
  });
}

function another(chance: Random, taken: Sound): Sound {
  return chance.pick(sounds.filter((sound) => sound !== taken));
}

/** Two events take a half of the clip each, so that both can be heard. */
function drawEvent(
  chance: Random,
  sound: Sound,
  { of, options, place }: { of: number; options: ClipOptions; place: number },
): SoundEvent {
  const room = options.seconds / of;
  const onset = place * room + chance.uniform(0, 0.35 * room);
  const { instrument, keys } = chance.pick(sound.voices);
  return {
    label: sound.label,
    instrument,
    key: chance.integer(...keys),
    velocity: chance.integer(70, 120),
    onset,
    seconds: chance.uniform(0.5, 0.95) * ((place + 1) * room - onset),
    peak: chance.uniform(0.2, 0.5),
  };
}

/** Renders a planned clip; the same plan gives the same samples. */
export async function renderClip(
  plan: ClipPlan,
  soundfont: Soundfont,
  options: ClipOptions = clipOptions,
): Promise<Clip> {
  const { sampleRate, seconds } = options;
  const samples = new Float32Array(Math.round(seconds * sampleRate));
  for (const event of plan.events) {
    const from = Math.round(event.onset * sampleRate);
    const note = await renderNote(soundfont, event, {
      nSamples: samples.length - from,
      sampleRate,
    });
    const loudest = note.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    if (!(loudest > 0)) {
      throw new RangeError(
        `renderClip: expected a sound, got silence (${event.label}, key ` +
          `${event.key}, soundfont "${soundfont.name}", clip ${plan.name})`,
      );
    }
    for (let i = 0; i < note.length; i++) {
      samples[from + i] += (note[i] * event.peak) / loudest;
    }
  }
  return { ...plan, samples: record(samples, plan) };
}

/** What the microphone makes of a sound: a tilted spectrum and some noise. */
function record(samples: Float32Array, plan: ClipPlan): Float32Array {
  const { noise, tilt } = plan.channel;
  const chance = random("noise", plan.name);
  const scale = 1 / (1 + Math.abs(tilt));
  return samples.map(
    (x, i) =>
      scale * (x - tilt * (i > 0 ? samples[i - 1] : 0)) +
      noise * chance.normal(),
  );
}
