import { random } from "../../lib/tensor/random.ts";
import type { Input, Kind } from "./kind.ts";

/** Which input: the seeds as they are come first, then damaged ones. */
export interface Place {
  readonly kind: string;
  readonly n: number;
  readonly seed: number;
}

export function kindNamed(kinds: readonly Kind[], name: string): Kind {
  const found = kinds.find((kind) => kind.name === name);
  if (found) return found;
  throw new RangeError(
    `fuzz: expected a kind of ${kinds.map((kind) => kind.name).join(", ")}, ` +
      `got "${name}"`,
  );
}

/** The input of a place, the same at every call and in every process. */
export function inputOf(kind: Kind, { n, seed }: Omit<Place, "kind">): Input {
  const seeds = kind.seeds();
  const { bytes, name } = seeds[n % seeds.length];
  if (n < seeds.length) return { name, bytes, isIntact: true };
  const chance = random("fuzz", kind.name, seed, n);
  const damaged = kind.mutate(bytes, chance);
  const isIntact = Buffer.compare(damaged, bytes) === 0;
  return { name, bytes: damaged, isIntact };
}
