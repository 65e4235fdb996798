import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** A stream of chance; two streams of the same name give the same numbers. */
export interface Random {
  /** A real number from `low` (included) to `high` (excluded). */
  uniform(low?: number, high?: number): number;
  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number;
  /** A number from the standard normal distribution. */
  normal(): number;
  /** One of the items. */
  pick<X>(items: readonly X[]): X;
  /** The items in a random order, in a new array. */
  shuffle<X>(items: readonly X[]): X[];
}

/**
 * Names a stream of chance, the only source of it in the library.
 *
 * Streams of different names are independent, so drawing one clip more does
 * not change the next experiment's weights.
 *
 * ```ts
 * const chance = random("clips", "train", 17);
 * ```
 */
export function random(...name: readonly (string | number)[]): Random {
  const generator = xoroshiro128plus(hash(name.join("/")));
  // The first outputs of near seeds are near each other.
  for (let i = 0; i < 16; i++) generator.next();
  const uniform = (low = 0, high = 1) =>
    low + (high - low) * uniformFloat64(generator);
  const integer = (low: number, high: number) => {
    if (!(Number.isInteger(low) && Number.isInteger(high) && low <= high)) {
      throw new RangeError(
        `integer: expected whole numbers low <= high, got ${low} and ${high}`,
      );
    }
    return uniformInt(generator, low, high);
  };
  const shuffle = <X>(items: readonly X[]) => {
    const order = [...items];
    for (let i = order.length - 1; i > 0; i--) {
      const j = integer(0, i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  };
  return {
    uniform,
    integer,
    shuffle,
    // Box and Muller's way; 1 - u keeps the logarithm finite.
    normal: () =>
      Math.sqrt(-2 * Math.log(1 - uniform())) *
      Math.cos(2 * Math.PI * uniform()),
    pick: (items) => items[integer(0, items.length - 1)],
  };
}

/** FNV-1a, then murmur3's finish: a 32-bit number from a name. */
function hash(name: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
