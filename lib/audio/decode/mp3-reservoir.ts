import type { Damage } from "./header.ts";
import type { Mp3Frame } from "./mp3-frames.ts";

/**
 * Where each frame's main data lies: it may begin in the frames before, and
 * ends before the next one's begins (ISO 11172-3, 2.4.2.7).
 *
 * The only law of an MP3 without checksums that damage can break.
 */
export class Mp3Reservoir {
  #given = 0; // bytes of main data in the frames before
  #taken = 0; // where the last main data ended

  /** Damage, where this frame's data overlaps what belongs to others. */
  add(bytes: Uint8Array, frame: Mp3Frame): Damage | undefined {
    const { at, end, headLength, sideLength } = frame;
    if (end > bytes.length) return undefined;
    const { begin, nBits } = readSide(bytes, frame);
    const start = this.#given - begin;
    const stop = start + Math.ceil(nBits / 8);
    // The first frames of a piece cut from a longer one point before it.
    const isOverlap = start < this.#taken && this.#taken > 0 && start >= 0;
    this.#given += end - at - headLength - sideLength;
    this.#taken = stop;
    if (!isOverlap && stop <= this.#given) return undefined;
    return { at, what: "an MP3 frame's data is not where it should be" };
  }
}

/** How far back the main data begins, in bytes, and how long it is. */
function readSide(
  bytes: Uint8Array,
  { at, channels, headLength, nSamples }: Mp3Frame,
): { begin: number; nBits: number } {
  const side = at + headLength;
  const isMpeg1 = nSamples === 1152;
  const begin = isMpeg1
    ? (bytes[side] << 1) | (bytes[side + 1] >> 7)
    : bytes[side];
  const isMono = channels === 1;
  const head = isMpeg1 ? (isMono ? 18 : 20) : isMono ? 9 : 10; // bits
  const step = isMpeg1 ? 59 : 63; // bits of a granule's channel
  const count = channels * (isMpeg1 ? 2 : 1);
  let nBits = 0;
  for (let i = 0; i < count; i++) {
    nBits += bitsAt(bytes, side * 8 + head + i * step);
  }
  return { begin, nBits };
}

/** The 12 bits from a bit on. */
function bitsAt(bytes: Uint8Array, bit: number): number {
  const at = bit >> 3;
  const three = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
  return (three >> (12 - (bit & 7))) & 0xfff;
}
