import { crc32 } from "./crc.ts";
import { type Damage, tagAt, viewOf } from "./header.ts";

/** A page of an Ogg file (RFC 3533). */
export interface OggPage {
  readonly at: number; // byte
  readonly end: number; // byte
  readonly serial: number;
  readonly sequence: number;
  /** Samples up to the last packet that ends here; -1 where none does. */
  readonly granule: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

const headLength = 27; // bytes, before the table of segments

/**
 * Page by page, and damage where pages do not follow one another.
 *
 * Ends before a page that is not whole. Sums are not checked: that takes
 * reading every byte (`isWholePage`).
 */
export function* oggPages(bytes: Uint8Array): Generator<OggPage | Damage> {
  const next = new Map<number, number>(); // page expected, by serial
  for (let at = 0; at < bytes.length; ) {
    const page = pageAt(bytes, at);
    if (page === "cut short") return;
    if (page === undefined) {
      const found = findPage(bytes, at + 1);
      if (found === bytes.length && isBlank(bytes, at)) return;
      yield { at, what: `${found - at} bytes that are no Ogg page` };
      at = found;
      continue;
    }
    const { end, isFirst, isLast, sequence, serial } = page;
    const expected = next.get(serial);
    if (expected === undefined && !isFirst) {
      yield { at, what: "an Ogg page of a stream that never began" };
    } else if (expected !== undefined && sequence !== expected) {
      yield { at, what: `Ogg page ${sequence} where ${expected} was due` };
    }
    if (isLast) next.delete(serial);
    else next.set(serial, (sequence + 1) % 2 ** 32);
    yield page;
    at = end;
  }
}

/** Whether a page holds the bytes that its sum was made from. */
export function isWholePage(bytes: Uint8Array, page: OggPage): boolean {
  const { at, end } = page;
  const before = crc32(bytes, { start: at, end: at + 22 });
  const sum = crc32(new Uint8Array(4), { start: 0, end: 4 }, before);
  const found = viewOf(bytes).getUint32(at + 22, true);
  return crc32(bytes, { start: at + 26, end }, sum) === found;
}

function pageAt(
  bytes: Uint8Array,
  at: number,
): OggPage | "cut short" | undefined {
  if (tagAt(bytes, at) !== "OggS".slice(0, bytes.length - at)) return undefined;
  if (at + headLength > bytes.length) return "cut short";
  const view = viewOf(bytes);
  let end = at + headLength + bytes[at + 26];
  for (let i = at + headLength, body = end; i < body; i++) end += bytes[i] ?? 0;
  if (end > bytes.length) return "cut short";
  return {
    at,
    end,
    granule: Number(view.getBigInt64(at + 6, true)),
    serial: view.getUint32(at + 14, true),
    sequence: view.getUint32(at + 18, true),
    isFirst: (bytes[at + 5] & 2) !== 0,
    isLast: (bytes[at + 5] & 4) !== 0,
  };
}

/** Where the next page seems to begin, or the end. */
function findPage(bytes: Uint8Array, from: number): number {
  for (let at = from; at + 4 <= bytes.length; at++) {
    if (bytes[at] === 0x4f && tagAt(bytes, at) === "OggS") return at;
  }
  return bytes.length;
}

/** Writers may fill up with zeros. */
function isBlank(bytes: Uint8Array, from: number): boolean {
  return bytes.subarray(from).every((byte) => byte === 0);
}

/** Packets of one stream, put together from its pages' segments. */
export class OggPackets {
  #begun: Uint8Array[] = [];

  /** The packets that end in this page; none whose rest was lost. */
  in(bytes: Uint8Array, { at, end }: OggPage): Uint8Array[] {
    const packets: Uint8Array[] = [];
    const isContinued = (bytes[at + 5] & 1) !== 0;
    let isRest = isContinued && this.#begun.length === 0;
    if (!isContinued) this.#begun = [];
    const nSegments = bytes[at + 26];
    let start = at + headLength + nSegments;
    let stop = start;
    for (let i = 0; i < nSegments; i++) {
      const size = bytes[at + headLength + i];
      stop += size;
      if (size === 255) continue;
      const packet = this.#finish(bytes.subarray(start, stop));
      if (!isRest) packets.push(packet);
      isRest = false;
      start = stop;
    }
    if (start < end && !isRest) this.#begun.push(bytes.subarray(start, end));
    return packets;
  }

  #finish(last: Uint8Array): Uint8Array {
    if (this.#begun.length === 0) return last;
    const packet = Buffer.concat([...this.#begun, last]);
    this.#begun = [];
    return packet;
  }
}
