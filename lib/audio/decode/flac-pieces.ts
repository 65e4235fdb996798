import type { AudioHeader } from "./header.ts";

/** Memory that the samples of one piece may take, in bytes. */
const budget = 64 * 2 ** 20;
const usualPiece = 65_536; // bytes
const smallestPiece = 512; // bytes

/**
 * Bytes of a FLAC stream to decode next.
 *
 * audio-decode 3.12 loses the frame whose header lies across two pieces, so a
 * piece never ends inside one. And 14 bytes of silence can stand for half a
 * million samples: a piece shrinks where its frames promise too much.
 */
export function flacPiece(
  bytes: Uint8Array,
  at: number,
  { channels }: AudioHeader,
): number {
  let piece = usualPiece;
  while (piece > smallestPiece) {
    const samples = promisedSamples(bytes, at, at + piece);
    if (4 * channels * samples <= budget) break;
    piece >>= 2;
  }
  return outsideHeaders(bytes, at + piece, at) - at;
}

/** The last place up to `end` that is not inside a frame's header. */
function outsideHeaders(bytes: Uint8Array, end: number, at: number): number {
  if (end >= bytes.length) return end;
  let place = end;
  for (let start = end - 1; start > place - longestHeader; start--) {
    const isInside =
      isSync(bytes, start) && start + headerLength(bytes, start) > place;
    if (isInside) place = start;
  }
  return place > at ? place : end;
}

const longestHeader = 16; // bytes

function isSync(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xff && (bytes[at + 1] & 0xfe) === 0xf8;
}

/** Length of a frame's header, by the codes in it (RFC 9639, 9.1). */
function headerLength(bytes: Uint8Array, at: number): number {
  const block = bytes[at + 2] >> 4;
  const rate = bytes[at + 2] & 15;
  const number = Math.max(1, Math.clz32(~(bytes[at + 4] << 24)));
  const extra = (block === 6 ? 1 : block === 7 ? 2 : 0) + rateBytes(rate);
  return 4 + number + extra + 1;
}

function rateBytes(code: number): number {
  return code === 12 ? 1 : code === 13 || code === 14 ? 2 : 0;
}

/** Samples of each channel in what looks like frames (RFC 9639, 9.1). */
function promisedSamples(bytes: Uint8Array, from: number, to: number): number {
  const end = Math.min(to, bytes.length - 3);
  let samples = 0;
  for (let at = from; at < end; at++) {
    if (!isSync(bytes, at)) continue;
    samples += largestBlock(bytes[at + 2] >> 4);
  }
  return samples;
}

/** Samples of a block by its code; the most possible where they follow. */
function largestBlock(code: number): number {
  if (code === 1) return 192;
  if (code >= 2 && code <= 5) return 576 << (code - 2);
  if (code === 6) return 256;
  return code >= 8 ? 256 << (code - 8) : 65_536;
}
