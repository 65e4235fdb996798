import type { Instrument } from "../../audio/soundfont.ts";

/** One class of sound: how it is called, described and played. */
export interface Sound {
  /** Display name of the class in AudioSet. */
  readonly label: string;
  /** The one word by which the small language model calls it. */
  readonly word: string;
  readonly family: string;
  /** What someone jots down while it sounds; some words fit two sounds. */
  readonly jottings: readonly string[];
  readonly voices: readonly Voice[];
}

/** One way to play a class: an instrument and the keys it is played on. */
export interface Voice {
  readonly instrument: Instrument;
  /** MIDI note numbers, both ends included. */
  readonly keys: readonly [lowest: number, highest: number];
}

const programs = (
  keys: Voice["keys"],
  ...numbers: readonly number[]
): readonly Voice[] =>
  numbers.map((program) => ({ instrument: { program }, keys }));

const drums = (...keys: readonly number[]): readonly Voice[] =>
  keys.map((key) => ({ instrument: { drum: true }, keys: [key, key] }));

/** The classes of the first notebook, playable by any General MIDI font. */
export const sounds: readonly Sound[] = [
  {
    label: "Piano",
    word: "piano",
    family: "keyboard",
    jottings: ["hammered", "ringing", "decaying", "keys"],
    voices: programs([54, 65], 0, 1, 2),
  },
  {
    label: "Organ",
    word: "organ",
    family: "keyboard",
    jottings: ["steady", "droning", "pipes", "keys"],
    voices: programs([48, 59], 16, 18, 19, 20),
  },
  {
    label: "Accordion",
    word: "accordion",
    family: "keyboard",
    jottings: ["reedy", "breathing", "bellows", "keys"],
    voices: programs([60, 71], 21, 23),
  },
  {
    label: "Acoustic guitar",
    word: "guitar",
    family: "string",
    jottings: ["plucked", "decaying", "warm", "fingers"],
    voices: programs([45, 56], 24, 25),
  },
  {
    label: "Violin, fiddle",
    word: "violin",
    family: "string",
    jottings: ["bowed", "trembling", "singing", "bright"],
    voices: programs([67, 78], 40, 110),
  },
  {
    label: "Choir",
    word: "choir",
    family: "voice",
    jottings: ["singing", "vowels", "people", "soft"],
    voices: programs([55, 66], 52, 53),
  },
  {
    label: "Trumpet",
    word: "trumpet",
    family: "wind",
    jottings: ["brassy", "bright", "blown", "steady"],
    voices: programs([60, 71], 56, 59),
  },
  {
    label: "Flute",
    word: "flute",
    family: "wind",
    jottings: ["airy", "pure", "blown", "soft"],
    voices: programs([72, 83], 73),
  },
  {
    label: "Marimba, xylophone",
    word: "marimba",
    family: "percussion",
    jottings: ["wooden", "hollow", "struck", "short"],
    voices: programs([62, 73], 12, 13),
  },
  {
    label: "Tubular bells",
    word: "bells",
    family: "percussion",
    jottings: ["metallic", "ringing", "struck", "long"],
    voices: programs([60, 71], 14),
  },
  {
    label: "Snare drum",
    word: "snare",
    family: "percussion",
    jottings: ["rattling", "struck", "short", "noisy"],
    voices: drums(38, 40),
  },
  {
    label: "Bass drum",
    word: "kick",
    family: "percussion",
    jottings: ["thumping", "low", "struck", "short"],
    voices: drums(35, 36),
  },
  {
    label: "Hi-hat",
    word: "hihat",
    family: "percussion",
    jottings: ["ticking", "metallic", "high", "short"],
    voices: drums(42, 44, 46),
  },
  {
    label: "Cymbal",
    word: "cymbal",
    family: "percussion",
    jottings: ["crashing", "metallic", "shimmering", "noisy"],
    voices: drums(49, 57, 52),
  },
  {
    label: "Waves, surf",
    word: "waves",
    family: "nature",
    jottings: ["washing", "water", "swelling", "noisy"],
    voices: programs([57, 63], 122),
  },
  {
    label: "Applause",
    word: "applause",
    family: "crowd",
    jottings: ["clapping", "people", "hands", "noisy"],
    voices: programs([57, 63], 126),
  },
];

/** The class of an AudioSet label. */
export function soundOf(label: string): Sound {
  const sound = sounds.find((candidate) => candidate.label === label);
  if (!sound) {
    throw new RangeError(
      `soundOf: unknown label "${label}"; known: ` +
        sounds.map((known) => known.label).join("; "),
    );
  }
  return sound;
}
