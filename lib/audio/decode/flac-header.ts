import { type AudioHeader, badHeader, tagAt, viewOf } from "./header.ts";

/**
 * Reads the STREAMINFO block, which opens every FLAC stream (RFC 9639, 8.2).
 *
 * @param at - offset of `fLaC`: past an ID3 tag or the Ogg packet's head
 */
export function readFlacHeader(
  bytes: Uint8Array,
  at: number,
  format: "flac" | "ogg-flac",
): AudioHeader {
  const block = at + 8;
  if (bytes.length < block + 34 || (bytes[at + 4] & 0x7f) !== 0) {
    throw badHeader(
      "a FLAC STREAMINFO block of 34 bytes",
      `${tagAt(bytes, at)} and ${Math.max(0, bytes.length - at - 4)} bytes`,
    );
  }
  const view = viewOf(bytes);
  const packed = view.getUint32(block + 10);
  // 20 bits of rate, 3 of channels, 5 of depth, 36 of length.
  const nSamples =
    (bytes[block + 13] & 0x0f) * 2 ** 32 + view.getUint32(block + 14);
  return {
    format,
    sampleRate: packed >>> 12,
    channels: ((packed >>> 9) & 7) + 1,
    ...(nSamples > 0 ? { nSamples } : {}),
  };
}
