import type { Random } from "../../lib/tensor/random.ts";

type Damage = (bytes: Uint8Array, at: number, chance: Random) => Uint8Array;

const join = (...parts: readonly Uint8Array[]) => Buffer.concat(parts);

/** Bytes at which programs often go wrong. */
const odd = [0, 1, 0x7f, 0x80, 0xff];

const byteOf = (chance: Random) =>
  chance.pick([chance.pick(odd), chance.integer(0, 255)]);

function changed(
  bytes: Uint8Array,
  change: (copy: Buffer) => void,
): Uint8Array {
  const copy = Buffer.from(bytes);
  change(copy);
  return copy;
}

/** Ways to damage a file at a place. */
const damages: readonly Damage[] = [
  (bytes, at, chance) =>
    changed(bytes, (copy) => {
      copy[at] = byteOf(chance);
    }),
  (bytes, at, chance) =>
    changed(bytes, (copy) => {
      copy[at] ^= 1 << chance.integer(0, 7);
    }),
  (bytes, at) => bytes.slice(0, at),
  (bytes, at, chance) =>
    join(bytes.slice(0, at), bytes.slice(at + chance.integer(1, 64))),
  (bytes, at, chance) =>
    join(bytes.slice(0, at), Buffer.of(byteOf(chance)), bytes.slice(at)),
  (bytes, at, chance) => {
    const end = at + chance.integer(1, 300);
    return join(bytes.slice(0, end), bytes.slice(at));
  },
  // A piece again and again: what one costs, a thousand cost more.
  (bytes, at, chance) => {
    const end = at + chance.integer(1, 24);
    const piece = bytes.slice(at, end);
    const times = chance.pick([10, 1000, 100_000]);
    const many = new Array<Uint8Array>(times).fill(piece);
    return join(bytes.slice(0, at), ...many, bytes.slice(at));
  },
  (bytes, at, chance) =>
    changed(bytes, (copy) => {
      const end = Math.min(copy.length, at + chance.integer(1, 64));
      copy.fill(byteOf(chance), at, end);
    }),
  (bytes, at, chance) =>
    changed(bytes, (copy) => {
      const value = chance.pick([0, 1, 2 ** 31 - 1, 2 ** 32 - 1, copy.length]);
      if (at + 4 <= copy.length) copy.writeUInt32LE(value, at);
      if (at + 8 <= copy.length && chance.integer(0, 3) === 0) {
        copy.writeUInt32LE(chance.pick([0, 1, 2 ** 31]), at + 4);
      }
    }),
];

/** How many damages an input has: a file with one is read the furthest. */
const howMany = (chance: Random) => chance.pick([1, 1, 1, 1, 2, 2, 3, 4]);

/** One to four damages; a third of the places lie where headers are. */
export function damageBytes(original: Uint8Array, chance: Random): Uint8Array {
  let bytes = original;
  for (let left = howMany(chance); left > 0 && bytes.length > 0; left--) {
    const end = chance.integer(0, 2) === 0 ? 64 : bytes.length;
    const at = chance.integer(0, Math.min(end, bytes.length) - 1);
    bytes = chance.pick(damages)(bytes, at, chance);
  }
  return bytes;
}

/**
 * One to four words of a text changed, dropped, doubled or moved.
 *
 * @param words - what may stand in a word's place, besides its other words
 */
export function damageText(
  text: string,
  words: readonly string[],
  chance: Random,
): string {
  const parts = text.match(/\w+|\s+|[^\w\s]/g) ?? [];
  for (let left = howMany(chance); left > 0 && parts.length > 0; left--) {
    const at = chance.integer(0, parts.length - 1);
    const other = chance.pick([chance.pick(words), chance.pick(parts)]);
    const count = chance.integer(0, 1);
    const added = chance.pick([[other], [], [other, parts[at]]]);
    parts.splice(at, count, ...added);
  }
  return parts.join("");
}
