import { random } from "../tensor/random.ts";

/**
 * A random order of 0 to `n - 1`, place by place, without a list of it.
 *
 * A Feistel network over the squares' numbers: place = left * side + right,
 * and in each round left and right change sides, one shifted by a hash of the
 * other. That is one-to-one whatever the hash; what falls at `n` or beyond, a
 * few of the last 2 * side numbers, walks on until it falls below.
 *
 * @param name - of the stream of chance; another name is another order
 */
export function permutation(
  n: number,
  ...name: readonly (string | number)[]
): (place: number) => number {
  if (!(Number.isSafeInteger(n) && n > 0 && n <= largest)) {
    throw new RangeError(
      `permutation: expected 1 to ${largest} places, got ${n}`,
    );
  }
  const side = Math.ceil(Math.sqrt(n));
  const chance = random("permutation", ...name);
  const keys = Array.from({ length: nRounds }, () =>
    chance.integer(-0x80000000, 0x7fffffff),
  );
  const once = (place: number) => {
    let [left, right] = [Math.floor(place / side), place % side];
    for (const key of keys) {
      [left, right] = [right, (left + mix(right, key)) % side];
    }
    return left * side + right;
  };
  return (place) => {
    if (!(Number.isInteger(place) && place >= 0 && place < n)) {
      throw new RangeError(
        `permutation: expected a place in 0..${n - 1}, got ${place}`,
      );
    }
    let at = once(place);
    while (at >= n) at = once(at);
    return at;
  };
}

/** Sides are hashed as 32-bit numbers. */
const largest = 2 ** 50;

/** Four are enough for a random-looking order (Luby and Rackoff). */
const nRounds = 8;

/** Murmur3's finish over a number and a key: 0 to 2^32 - 1. */
function mix(x: number, key: number): number {
  let h = Math.imul(x ^ key, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13) ^ key, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
