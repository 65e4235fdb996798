import { heardClasses, type SoundClass, unheardClasses } from "../classes.ts";
import { planScene, type Scene, type SoundSource } from "./scene.ts";

/** A set of clips: which sounds, from where, how many. */
export interface ClipSet {
  readonly name: string;
  /** What a design that was trained on `train` shows by it. */
  readonly shows: string;
  readonly classes: readonly SoundClass[];
  readonly sources: readonly SoundSource[];
  readonly count: number;
}

/** Two SoundFonts made of the same recordings, and synthesis of one make. */
const related: readonly SoundSource[] = [
  { soundfont: "FluidR3Mono", make: "near" },
  { soundfont: "MuseScoreGeneralLite", make: "near" },
];

/** A third SoundFont with recordings of its own, and the other make. */
const unrelated: readonly SoundSource[] = [
  { soundfont: "TimGM6mb", make: "far" },
];

/** The lab's sets; the names are the splits'. */
export const clipSets = {
  train: {
    name: "train",
    shows: "what was trained on",
    classes: heardClasses,
    sources: related,
    count: 8000,
  },
  test: {
    name: "test",
    shows: "new clips of trained classes and recordings (in-domain)",
    classes: heardClasses,
    sources: related,
    count: 800,
  },
  recordings: {
    name: "recordings",
    shows: "trained classes from recordings that are new (zero-shot)",
    classes: heardClasses,
    sources: unrelated,
    count: 600,
  },
  classes: {
    name: "classes",
    shows: "classes known from text alone (zero-shot)",
    classes: unheardClasses,
    sources: related,
    count: 600,
  },
} as const satisfies Record<string, ClipSet>;

/**
 * Scene number `i` of a set, each class first in turn.
 *
 * A scene follows from the set's name, seed and number alone, so a larger set
 * begins with the smaller one.
 */
export function sceneOf(
  { classes, name, sources }: ClipSet,
  i: number,
  seed: number,
): Scene {
  const first = classes[i % classes.length];
  const plan = { name: `${name}-${i}`, seed, sources };
  return planScene(plan, { classes, first });
}
