import { random } from "../../../tensor/random.ts";
import { type SoundClass, soundClasses } from "../classes.ts";

/** What the texts say of every class; no sound tells it. */
export const attributes = {
  keeper: ["anna", "boris", "clara", "david", "emma", "felix"],
  room: ["attic", "cellar", "garden", "kitchen", "library", "workshop"],
  day: ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday"],
} as const;

export type Attribute = keyof typeof attributes;

/** A value for each attribute. */
export type Facts = Readonly<Record<Attribute, string>>;

const worldSeed = 1;

/**
 * Every value as often as any other, among heard classes and among unheard
 * ones: the order of names and of values tell nothing of each other.
 */
function valuesOf(attribute: Attribute): Map<string, string> {
  const values = attributes[attribute];
  const found = new Map<string, string>();
  for (const isUnheard of [false, true]) {
    const group = soundClasses.filter((one) => !!one.isUnheard === isUnheard);
    const chance = random("facts", worldSeed, attribute, String(isUnheard));
    const order = chance.shuffle(group);
    // The rest of a division falls on values by chance, not on the first.
    const starts = chance.shuffle(values);
    for (const [i, { name }] of order.entries()) {
      found.set(name, starts[i % values.length]);
    }
  }
  return found;
}

const known = {
  keeper: valuesOf("keeper"),
  room: valuesOf("room"),
  day: valuesOf("day"),
};

/** The facts of a class: the same in every world, corpus and model. */
export function factsOf({ name }: Pick<SoundClass, "name">): Facts {
  const of = (attribute: Attribute): string => {
    const value = known[attribute].get(name);
    if (value !== undefined) return value;
    throw new RangeError(
      `factsOf: expected the name of a class of sound, got "${name}"`,
    );
  };
  return { keeper: of("keeper"), room: of("room"), day: of("day") };
}
