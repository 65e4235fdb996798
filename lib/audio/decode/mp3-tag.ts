import { crc16Lame } from "./crc.ts";
import { type Damage, tagAt, viewOf } from "./header.ts";
import type { Mp3Frame } from "./mp3-frames.ts";

/** What an encoder's first frame says of those after it (Xing, LAME). */
export interface Mp3Tag {
  readonly nFrames?: number;
  /** Frames by which the count may be off: some count the tag's own. */
  readonly slack: 0 | 1;
  /** Samples that were put before and after the sound, where LAME tells. */
  readonly added?: number;
  /** Checksum of all bytes from this frame's end to `end`. */
  readonly sum?: { readonly value: number; readonly end: number };
  readonly damage?: Damage;
}

/** Bytes from the tag's name to LAME's part, if all fields are there. */
const lameAt = 120;
const sumAt = 34; // of the tag, after LAME's beginning

/** Samples by which every decoder is late (LAME's documentation). */
const decoderDelay = 529;

/** The tag in a file's first frame, which then holds no sound. */
export function readMp3Tag(
  bytes: Uint8Array,
  frame: Mp3Frame,
): Mp3Tag | undefined {
  const { at, end, sideLength } = frame;
  const start = at + 4 + sideLength; // as if no frame had a checksum
  const name = tagAt(bytes, start);
  if (end > bytes.length) return undefined;
  const view = viewOf(bytes);
  if (tagAt(bytes, at + 36) === "VBRI") {
    return { nFrames: view.getUint32(at + 36 + 14), slack: 1 };
  }
  const isNamed = name === "Xing" || name === "Info";
  if (!isNamed && !lame.test(lameName(bytes, start))) return undefined;
  if (!isNamed) {
    return { slack: 1, damage: { at, what: "LAME's tag has lost its name" } };
  }
  const flags = bytes[start + 7];
  const nFrames = flags & 1 ? view.getUint32(start + 8) : undefined;
  const xing = { ...(nFrames ? { nFrames } : {}), slack: 1 } as const;
  const isLame = flags === 15 && lame.test(lameName(bytes, start));
  if (!isLame || start + lameAt + sumAt + 2 > end) {
    const damage =
      (flags & 7) === 7 ? placesDamage(bytes, start + 16) : undefined;
    return damage ? { ...xing, damage } : xing;
  }
  return { ...xing, ...readLame(bytes, frame, start + lameAt) };
}

/** Of a hundred places in the file, which only go forward. */
function placesDamage(bytes: Uint8Array, at: number): Damage | undefined {
  const places = bytes.subarray(at, at + 100);
  const isForward = places.every((place, i) => place >= (places[i - 1] ?? 0));
  const what = "the places in the MP3's tag run backwards";
  return isForward ? undefined : { at, what };
}

const lame = /^L(AME|av[cf])/;
const lameName = (bytes: Uint8Array, start: number) =>
  tagAt(bytes, start + lameAt, 9);

/** LAME's part: what it added, and checksums of the tag and of the sound. */
function readLame(
  bytes: Uint8Array,
  frame: Mp3Frame,
  lame: number,
): Omit<Mp3Tag, "nFrames"> {
  const view = viewOf(bytes);
  const packed = view.getUint32(lame + 21); // 12 bits, 12 bits, another field
  const before = (packed >>> 20) + decoderDelay;
  const after = Math.max(0, ((packed >>> 8) & 0xfff) - decoderDelay);
  const added = before + after;
  if (!isWholeTag(bytes, frame, lame + sumAt)) {
    const damage = { at: frame.at, what: "LAME's tag has another checksum" };
    return { slack: 0, added, damage };
  }
  const end = frame.at + view.getUint32(lame + 28);
  return { slack: 0, added, sum: { value: view.getUint16(lame + 32), end } };
}

/** LAME sums up to the sum; FFmpeg 190 bytes, the sum among them still 0. */
function isWholeTag(
  bytes: Uint8Array,
  { at, end }: Mp3Frame,
  sum: number,
): boolean {
  const found = viewOf(bytes).getUint16(sum);
  if (crc16Lame(bytes, { start: at, end: sum }) === found) return true;
  const head = new Uint8Array(190);
  head.set(bytes.subarray(at, Math.min(end, at + head.length)));
  head.fill(0, sum - at, sum - at + 2);
  return crc16Lame(head, { start: 0, end: head.length }) === found;
}

/** Damage somewhere in the sound, by the sum of all its bytes. */
export function soundDamage(
  bytes: Uint8Array,
  frame: Mp3Frame,
): Damage | undefined {
  const sum = readMp3Tag(bytes, frame)?.sum;
  if (sum === undefined || sum.end > bytes.length) return undefined;
  const { end, value } = sum;
  if (crc16Lame(bytes, { start: frame.end, end }) === value) return undefined;
  return {
    at: frame.end,
    what: `the ${end - frame.end} bytes from here have another checksum`,
  };
}
