import { crc8, crc16 } from "./crc.ts";
import { type Damage, tagAt } from "./header.ts";

/** A frame of a FLAC stream (RFC 9639, 9). */
export interface FlacFrame {
  readonly at: number; // byte
  readonly end: number; // byte
  readonly nSamples: number; // of each channel
}

interface FrameHead {
  readonly length: number; // bytes
  readonly nSamples: number;
  /** Of the frame, or of its first sample where their sizes vary. */
  readonly number: number;
  readonly isVariable: boolean;
  /** Bytes that the whole frame can have at most. */
  readonly most: number;
}

/**
 * Frame by frame, each with the sums its encoder wrote, in their order; and
 * damage where there is none or another one.
 *
 * @param from - past the metadata
 */
export function* flacFrames(
  file: Uint8Array,
  from: number,
): Generator<FlacFrame | Damage> {
  const bytes = withoutTag(file);
  let due = 0;
  for (let at = from; at < bytes.length; ) {
    const head = headAt(bytes, at);
    const end = head && endOf(bytes, at, head);
    if (head === undefined || end === undefined) {
      const next = nextHead(bytes, at + 1);
      const what = `${next - at} bytes that are no whole FLAC frame`;
      yield { at, what, isEnd: head !== undefined && next === bytes.length };
      at = next;
      continue;
    }
    const { isVariable, nSamples, number } = head;
    if (number !== due) {
      yield { at, what: `FLAC frame ${number} where ${due} was due` };
    }
    yield { at, end, nSamples };
    due = number + (isVariable ? nSamples : 1);
    at = end;
  }
}

/** Where the audio begins: metadata blocks tell their lengths. */
export function flacAudioStart(bytes: Uint8Array, at: number): number {
  let block = at + 4;
  for (;;) {
    const head = bytes[block];
    const [high = 0, middle = 0, low = 0] = bytes.subarray(
      block + 1,
      block + 4,
    );
    block += 4 + (high << 16) + (middle << 8) + low;
    if (head === undefined || head >= 0x80) return block;
  }
}

/** Where the frame's sum comes out, and another frame or the end follows. */
function endOf(
  bytes: Uint8Array,
  at: number,
  { length, most }: FrameHead,
): number | undefined {
  const last = at + most;
  let sum = 0;
  let start = at;
  let end = nextHead(bytes, at + length);
  for (;;) {
    sum = crc16(bytes, { start, end }, sum);
    if (sum === 0) return end;
    if (end >= Math.min(last, bytes.length)) return undefined;
    start = end;
    end = nextHead(bytes, end + 1);
  }
}

/** Without an ID3v1 tag, which may follow the last frame. */
function withoutTag(bytes: Uint8Array): Uint8Array {
  const isTagged = tagAt(bytes, bytes.length - 128, 3) === "TAG";
  return isTagged ? bytes.subarray(0, -128) : bytes;
}

function nextHead(bytes: Uint8Array, from: number): number {
  let at = bytes.indexOf(0xff, from);
  while (at >= 0 && headAt(bytes, at) === undefined) {
    at = bytes.indexOf(0xff, at + 1);
  }
  return at < 0 ? bytes.length : at;
}

/** The frame's header at `at`, where its sum is right (RFC 9639, 9.1). */
function headAt(bytes: Uint8Array, at: number): FrameHead | undefined {
  if (bytes[at] !== 0xff || (bytes[at + 1] & 0xfe) !== 0xf8) return undefined;
  const block = bytes[at + 2] >> 4;
  const rate = bytes[at + 2] & 15;
  const nChannels = nChannelsOf(bytes[at + 3] >> 4);
  if (block === 0 || rate === 15 || nChannels === undefined) return undefined;
  const coded = Math.max(1, Math.clz32(~(bytes[at + 4] << 24)));
  if (coded > 7) return undefined;
  const size = at + 4 + coded; // where the block size may follow
  const length =
    5 + coded + (block === 6 ? 1 : block === 7 ? 2 : 0) + rateBytes(rate);
  if (at + length > bytes.length) return undefined;
  if (crc8(bytes, { start: at, end: at + length }) !== 0) return undefined;
  const nSamples = samplesOf(bytes, size, block);
  return {
    length,
    nSamples,
    number: numberAt(bytes, at + 4, coded),
    isVariable: (bytes[at + 1] & 1) !== 0,
    // 33 bits a sample, as verbatim side channels have, and subframes' heads.
    most: length + nChannels * (Math.ceil((nSamples * 33) / 8) + 16) + 2,
  };
}

const nChannelsOf = (code: number) =>
  code < 8 ? code + 1 : code < 11 ? 2 : undefined;

function rateBytes(code: number): number {
  return code === 12 ? 1 : code === 13 || code === 14 ? 2 : 0;
}

function samplesOf(bytes: Uint8Array, at: number, code: number): number {
  if (code === 1) return 192;
  if (code <= 5) return 576 << (code - 2);
  if (code === 6) return bytes[at] + 1;
  if (code === 7) return (bytes[at] << 8) + bytes[at + 1] + 1;
  return 256 << (code - 8);
}

/** A number written as UTF-8 writes a character, of up to 36 bits. */
function numberAt(bytes: Uint8Array, at: number, length: number): number {
  let number = length === 1 ? bytes[at] : bytes[at] & (0x7f >> length);
  for (let i = 1; i < length; i++) {
    number = number * 64 + (bytes[at + i] & 0x3f);
  }
  return number;
}
