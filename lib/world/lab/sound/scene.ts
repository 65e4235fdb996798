import type { Instrument } from "../../../audio/soundfont.ts";
import { type Random, random } from "../../../tensor/random.ts";
import type { SoundClass, Voice } from "../classes.ts";
import { type Make, type synthesisers, unpitched } from "./synthesised.ts";

/** Where a clip's sounds come from; the splits are made by it. */
export interface SoundSource {
  readonly soundfont: string;
  readonly make: Make;
}

/** One sound in a clip. */
export interface SceneEvent {
  /** Name of its class. */
  readonly sound: string;
  readonly voice:
    | {
        readonly instrument: Instrument;
        readonly key: number;
        readonly velocity: number;
      }
    | { readonly synthesiser: keyof typeof synthesisers };
  /** Within what its class allows; none where the class has one pitch. */
  readonly pitch?: "low" | "middle" | "high";
  readonly onset: number; // seconds
  /** From its beginning to its release. */
  readonly seconds: number;
  readonly loudness: "soft" | "loud";
}

export const backgrounds = ["none", "hiss", "rumble", "hum", "wash"] as const;

export const rooms = ["dry", "room", "hall"] as const;

/** What is heard in a clip, before any of it is rendered. */
export interface Scene {
  readonly name: string;
  readonly source: SoundSource;
  /** In order of onset. */
  readonly events: readonly SceneEvent[];
  readonly room: (typeof rooms)[number];
  readonly background: {
    readonly kind: (typeof backgrounds)[number];
    /** Of the events' power to the background's, in dB. */
    readonly snr: number;
  };
}

export interface SceneOptions {
  readonly seconds: number;
  /** Chances of 1, 2 and 3 events. */
  readonly counts: readonly [number, number, number];
  /** Chance that sounds may sound at once. */
  readonly overlap: number;
  /** Chance that a later event is of the first one's class. */
  readonly again: number;
  readonly snr: readonly [low: number, high: number]; // dB
}

export const sceneOptions: SceneOptions = {
  seconds: 2.56,
  counts: [0.4, 0.35, 0.25],
  overlap: 1 / 3,
  again: 0.1,
  snr: [5, 30],
};

/**
 * Plans a clip: its first class is given, so that a set can hold each equally
 * often, the rest is chance.
 *
 * Events begin in an order that can be heard: none begins before a good part of
 * the one before it is over.
 */
export function planScene(
  {
    name,
    seed,
    sources,
  }: {
    readonly name: string;
    readonly seed: number;
    readonly sources: readonly SoundSource[];
  },
  {
    classes,
    first,
  }: {
    readonly classes: readonly SoundClass[];
    readonly first: SoundClass;
  },
  options: SceneOptions = sceneOptions,
): Scene {
  const chance = random("scene", seed, name);
  const source = chance.pick(sources);
  const nEvents = drawCount(chance, options.counts);
  const overlaps = chance.uniform() < options.overlap;
  const others = classes.filter((one) => one !== first);
  const chosen = Array.from({ length: nEvents }, (_, place) => {
    const isFirst = place === 0 || chance.uniform() < options.again;
    return isFirst ? first : chance.pick(others);
  });
  const slot = options.seconds / nEvents;
  // The first of the plan is not always the first that is heard.
  const events = chance.shuffle(chosen).map((sound, place): SceneEvent => {
    const onset = slot * (place + chance.uniform(0, 0.3));
    const room = slot * (place + 1) - onset;
    const share = overlaps ? chance.uniform(1, 1.6) : chance.uniform(0.6, 0.95);
    return {
      sound: sound.name,
      ...drawVoice(chance, sound.voices),
      onset,
      seconds: Math.min(share * room, options.seconds - onset),
      loudness: chance.pick(["soft", "loud"]),
    };
  });
  const [low, high] = options.snr;
  const background = {
    kind: chance.pick(backgrounds),
    snr: chance.uniform(low, high),
  };
  return { name, source, events, room: chance.pick(rooms), background };
}

function drawCount(
  chance: Random,
  [one, two]: SceneOptions["counts"],
): 1 | 2 | 3 {
  const drawn = chance.uniform();
  if (drawn < one) return 1;
  return drawn < one + two ? 2 : 3;
}

const pitches = ["low", "middle", "high"] as const;

/** Keys at these places of a voice's range: so few that a bank can hold them. */
const keyPlaces = {
  low: [0, 0.1],
  middle: [0.45, 0.55],
  high: [0.9, 1],
} as const;

const velocities = [64, 88, 112] as const;

function drawVoice(
  chance: Random,
  voices: readonly Voice[],
): Pick<SceneEvent, "pitch" | "voice"> {
  const voice = chance.pick(voices);
  const pitch = chance.pick(pitches);
  if ("synthesiser" in voice) {
    return unpitched.includes(voice.synthesiser) ? { voice } : { voice, pitch };
  }
  const { instrument, keys } = voice;
  const [low, high] = keys;
  const place = chance.pick(keyPlaces[pitch]);
  const velocity = chance.pick(velocities);
  const key = Math.round(low + place * (high - low));
  const played = { voice: { instrument, key, velocity } };
  return low === high ? played : { ...played, pitch };
}
