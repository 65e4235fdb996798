import type { Instrument } from "../../audio/soundfont.ts";
import type { synthesisers } from "./sound/synthesised.ts";

/** What makes a sound: notes of a SoundFont, or a recipe of our own. */
export type Voice =
  | {
      readonly instrument: Instrument;
      /** MIDI note numbers from low to high, both ends included. */
      readonly keys: readonly [low: number, high: number];
    }
  | { readonly synthesiser: keyof typeof synthesisers };

/** One class of sound in the lab. */
export interface SoundClass {
  /** How questions and answers call it. */
  readonly name: string;
  /** Display name in AudioSet's ontology, where it has the class. */
  readonly audioSet?: string;
  readonly family: Family;
  readonly voices: readonly Voice[];
  /**
   * Its name and facts are in the texts, its sound is in no training clip: a
   * zero-shot class.
   */
  readonly isUnheard?: true;
}

export const families = [
  ...["keyboard", "plucked", "bowed", "brass", "woodwind"],
  ...["mallet", "drum", "people", "animal", "weather", "machine"],
] as const;

export type Family = (typeof families)[number];

type Keys = readonly [low: number, high: number];

const played = (keys: Keys, ...programs: readonly number[]): Voice[] =>
  programs.map((program) => ({ instrument: { program }, keys }));

const struck = (...keys: readonly number[]): Voice[] =>
  keys.map((key) => ({ instrument: { drum: true }, keys: [key, key] }));

const made = (synthesiser: keyof typeof synthesisers): Voice[] => [
  { synthesiser },
];

const isUnheard = true;

/** Of each family, in the order of `families`; GM programs count from 0. */
const classesOf: Record<Family, readonly Omit<SoundClass, "family">[]> = {
  keyboard: [
    { name: "piano", audioSet: "Piano", voices: played([48, 72], 0, 1) },
    {
      name: "harpsichord",
      audioSet: "Harpsichord",
      voices: played([48, 72], 6),
    },
    { name: "organ", audioSet: "Organ", voices: played([43, 67], 16, 19) },
    { name: "accordion", audioSet: "Accordion", voices: played([55, 76], 21) },
    {
      name: "harmonica",
      audioSet: "Harmonica",
      voices: played([60, 79], 22),
      isUnheard,
    },
  ],
  plucked: [
    {
      name: "guitar",
      audioSet: "Acoustic guitar",
      voices: played([43, 64], 24, 25),
    },
    {
      name: "electric guitar",
      audioSet: "Electric guitar",
      voices: played([43, 64], 29, 30),
    },
    {
      name: "bass guitar",
      audioSet: "Bass guitar",
      voices: played([28, 45], 33, 34),
    },
    { name: "banjo", audioSet: "Banjo", voices: played([50, 69], 105) },
    { name: "sitar", audioSet: "Sitar", voices: played([48, 67], 104) },
    { name: "harp", audioSet: "Harp", voices: played([48, 79], 46), isUnheard },
  ],
  bowed: [
    {
      name: "violin",
      audioSet: "Violin, fiddle",
      voices: played([57, 84], 40),
    },
    { name: "cello", audioSet: "Cello", voices: played([38, 60], 42) },
    {
      name: "double bass",
      audioSet: "Double bass",
      voices: played([28, 45], 43),
    },
    {
      name: "strings",
      audioSet: "String section",
      voices: played([45, 72], 48, 49),
    },
    {
      name: "pizzicato",
      audioSet: "Pizzicato",
      voices: played([48, 72], 45),
      isUnheard,
    },
  ],
  brass: [
    { name: "trumpet", audioSet: "Trumpet", voices: played([57, 79], 56) },
    { name: "trombone", audioSet: "Trombone", voices: played([40, 62], 57) },
    {
      name: "french horn",
      audioSet: "French horn",
      voices: played([43, 67], 60),
    },
    { name: "tuba", voices: played([31, 50], 58) },
    { name: "muted trumpet", voices: played([57, 79], 59), isUnheard },
  ],
  woodwind: [
    { name: "flute", audioSet: "Flute", voices: played([64, 86], 73) },
    { name: "clarinet", audioSet: "Clarinet", voices: played([52, 77], 71) },
    { name: "oboe", voices: played([60, 81], 68) },
    {
      name: "saxophone",
      audioSet: "Saxophone",
      voices: played([50, 72], 65, 66),
    },
    { name: "bagpipes", audioSet: "Bagpipes", voices: played([58, 74], 109) },
    { name: "bassoon", voices: played([36, 60], 70), isUnheard },
  ],
  mallet: [
    {
      name: "marimba",
      audioSet: "Marimba, xylophone",
      voices: played([48, 76], 12, 13),
    },
    {
      name: "vibraphone",
      audioSet: "Vibraphone",
      voices: played([53, 77], 11),
    },
    {
      name: "glockenspiel",
      audioSet: "Glockenspiel",
      voices: played([72, 91], 9),
    },
    {
      name: "tubular bells",
      audioSet: "Tubular bells",
      voices: played([55, 74], 14),
    },
    { name: "steel drum", audioSet: "Steelpan", voices: played([55, 76], 114) },
    { name: "music box", voices: played([67, 88], 10), isUnheard },
  ],
  drum: [
    { name: "snare", audioSet: "Snare drum", voices: struck(38, 40) },
    { name: "bass drum", audioSet: "Bass drum", voices: struck(35, 36) },
    { name: "hi hat", audioSet: "Hi-hat", voices: struck(42, 46) },
    { name: "cymbal", audioSet: "Cymbal", voices: struck(49, 57) },
    { name: "timpani", audioSet: "Timpani", voices: played([38, 55], 47) },
    { name: "cowbell", audioSet: "Cowbell", voices: struck(56) },
    { name: "tambourine", audioSet: "Tambourine", voices: struck(54) },
    {
      name: "wood block",
      audioSet: "Wood block",
      voices: struck(76, 77),
      isUnheard,
    },
  ],
  people: [
    { name: "choir", audioSet: "Choir", voices: played([48, 72], 52, 53) },
    { name: "applause", audioSet: "Applause", voices: played([60, 60], 126) },
    {
      name: "babble",
      audioSet: "Hubbub, speech noise, speech babble",
      voices: made("babble"),
    },
    {
      name: "footsteps",
      audioSet: "Walk, footsteps",
      voices: made("footsteps"),
    },
    { name: "knock", audioSet: "Knock", voices: made("knock") },
    { name: "typing", audioSet: "Typing", voices: made("typing"), isUnheard },
  ],
  animal: [
    {
      name: "bird",
      audioSet: "Bird vocalization, bird call, bird song",
      voices: played([52, 72], 123),
    },
    { name: "bark", audioSet: "Bark", voices: made("bark") },
    { name: "meow", audioSet: "Meow", voices: made("meow") },
    { name: "cricket", audioSet: "Cricket", voices: made("cricket") },
    { name: "frog", audioSet: "Frog", voices: made("frog") },
    {
      name: "bee",
      audioSet: "Bee, wasp, etc.",
      voices: made("bee"),
      isUnheard,
    },
  ],
  weather: [
    { name: "rain", audioSet: "Rain", voices: made("rain") },
    { name: "wind", audioSet: "Wind", voices: made("wind") },
    { name: "thunder", audioSet: "Thunder", voices: made("thunder") },
    { name: "waves", audioSet: "Waves, surf", voices: played([60, 60], 122) },
    { name: "stream", audioSet: "Stream", voices: made("stream") },
    { name: "fire", audioSet: "Crackle", voices: made("fire"), isUnheard },
  ],
  machine: [
    { name: "siren", audioSet: "Siren", voices: made("siren") },
    { name: "engine", audioSet: "Engine", voices: made("engine") },
    { name: "alarm", audioSet: "Alarm", voices: made("alarm") },
    {
      name: "telephone",
      audioSet: "Telephone bell ringing",
      voices: played([58, 72], 124),
    },
    {
      name: "helicopter",
      audioSet: "Helicopter",
      voices: played([50, 70], 125),
    },
    { name: "clock", audioSet: "Tick-tock", voices: made("clock") },
    {
      name: "horn",
      audioSet: "Vehicle horn, car horn, honking",
      voices: made("horn"),
      isUnheard,
    },
  ],
};

/** All classes, family by family. */
export const soundClasses: readonly SoundClass[] = families.flatMap((family) =>
  classesOf[family].map((one) => ({ ...one, family })),
);

/** The classes that training clips hold. */
export const heardClasses = soundClasses.filter((one) => !one.isUnheard);

/** The zero-shot classes. */
export const unheardClasses = soundClasses.filter((one) => one.isUnheard);

/** The class of a name. */
export function classNamed(name: string): SoundClass {
  const found = soundClasses.find((one) => one.name === name);
  if (found) return found;
  throw new RangeError(
    `classNamed: expected the name of a class of sound, got "${name}"; ` +
      `known: ${soundClasses.map((one) => one.name).join(", ")}`,
  );
}
