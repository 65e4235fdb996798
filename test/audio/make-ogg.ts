import { crc32 } from "../../lib/audio/decode/crc.ts";
import { type OggPage, oggPages } from "../../lib/audio/decode/ogg-pages.ts";

/** The pages of a whole Ogg file. */
export function pagesOf(bytes: Uint8Array): OggPage[] {
  return [...oggPages(bytes)].filter((page) => "serial" in page);
}

/** A copy with other bytes at some place, and the sums of its pages again. */
export function changeOgg(
  bytes: Uint8Array,
  at: number,
  others: readonly number[],
): Uint8Array {
  const copy = bytes.slice();
  copy.set(others, at);
  const view = new DataView(copy.buffer);
  for (const page of pagesOf(copy)) {
    view.setUint32(page.at + 22, 0, true);
    const { at: start, end } = page;
    view.setUint32(start + 22, crc32(copy, { start, end }), true);
  }
  return copy;
}
