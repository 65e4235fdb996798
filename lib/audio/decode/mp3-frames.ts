import { crc16 } from "./crc.ts";
import { type Damage, tagAt } from "./header.ts";

/** Kilobits per second of layer III, by index: MPEG 1, then MPEG 2 and 2.5. */
const bitrates = [
  [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
const ratesOfMpeg1 = [44_100, 48_000, 32_000];

/** A frame of MPEG audio, layer III (ISO 11172-3, 2.4). */
export interface Mp3Frame {
  readonly at: number; // byte
  /** Where the next one begins, there or not. */
  readonly end: number; // byte
  readonly sampleRate: number; // Hz
  readonly channels: number;
  readonly nSamples: number; // of each channel
  /** Bytes of the header and its checksum. */
  readonly headLength: number;
  /** Bytes that tell how the main data is coded. */
  readonly sideLength: number;
}

/** The layer III frame at `at`, or undefined where there is none. */
export function mp3FrameAt(
  bytes: Uint8Array,
  at: number,
): Mp3Frame | undefined {
  if (at + 4 > bytes.length || bytes[at] !== 0xff) return undefined;
  const version = (bytes[at + 1] >> 3) & 3; // 3 is MPEG 1, 2 is 2, 0 is 2.5
  const isLayer3 = (bytes[at + 1] & 0xe6) === 0xe2;
  const rate = (bytes[at + 2] >> 2) & 3;
  const index = bytes[at + 2] >> 4;
  if (!isLayer3 || version === 1 || rate === 3) return undefined;
  if (index === 0 || index === 15) return undefined; // free format, forbidden
  const isMpeg1 = version === 3;
  const divisor = isMpeg1 ? 1 : version === 2 ? 2 : 4;
  const sampleRate = ratesOfMpeg1[rate] / divisor;
  const bitrate = bitrates[isMpeg1 ? 0 : 1][index - 1] * 1000;
  const nSamples = isMpeg1 ? 1152 : 576;
  const padding = (bytes[at + 2] >> 1) & 1;
  const channels = bytes[at + 3] >> 6 === 3 ? 1 : 2;
  const length = Math.floor((nSamples / 8) * (bitrate / sampleRate)) + padding;
  return {
    at,
    end: at + length,
    sampleRate,
    channels,
    nSamples,
    headLength: hasSum(bytes, at) ? 6 : 4,
    sideLength: isMpeg1 ? (channels === 1 ? 17 : 32) : channels === 1 ? 9 : 17,
  };
}

const hasSum = (bytes: Uint8Array, at: number) => (bytes[at + 1] & 1) === 0;

/** Whether two frames can be of one recording. */
export function isAlike(
  frame: Mp3Frame | undefined,
  other: Mp3Frame,
): frame is Mp3Frame {
  return (
    frame?.sampleRate === other.sampleRate && frame.channels === other.channels
  );
}

/**
 * Frame by frame from the first; damage where none follows, or one whose sum
 * is another. The last may go beyond the end.
 */
export function* mp3Frames(
  bytes: Uint8Array,
  first: Mp3Frame,
): Generator<Mp3Frame | Damage> {
  for (let at = first.at; at < bytes.length; ) {
    const frame = mp3FrameAt(bytes, at);
    if (isAlike(frame, first)) {
      if (isDamaged(bytes, frame)) {
        yield { at, what: "an MP3 frame has another checksum" };
      }
      yield frame;
      at = frame.end;
      continue;
    }
    if (isTrailer(bytes, at)) return;
    if (at + 4 > bytes.length && bytes[at] === 0xff) {
      yield { at, what: "the last MP3 frame lacks its header", isEnd: true };
      return;
    }
    const tag = id3Length(bytes, at);
    const next = tag > 0 ? at + tag : nextFrame(bytes, at + 1, first);
    if (tag === 0) yield { at, what: whatIsAt(bytes, at, { first, next }) };
    at = next;
  }
}

function whatIsAt(
  bytes: Uint8Array,
  at: number,
  { first, next }: { readonly first: Mp3Frame; readonly next: number },
): string {
  const other = mp3FrameAt(bytes, at);
  if (other !== undefined && isAlike(mp3FrameAt(bytes, other.end), other)) {
    return (
      `an MP3 frame of ${other.sampleRate} Hz and ${other.channels} channels ` +
      `after ${first.sampleRate} Hz and ${first.channels}`
    );
  }
  return `${next - at} bytes that are no MP3 frame`;
}

function nextFrame(bytes: Uint8Array, from: number, like: Mp3Frame): number {
  let at = bytes.indexOf(0xff, from);
  while (at >= 0 && !isAlike(mp3FrameAt(bytes, at), like)) {
    at = bytes.indexOf(0xff, at + 1);
  }
  return at < 0 ? bytes.length : at;
}

/** The sum, where there is one, covers the header's end and the side data. */
function isDamaged(bytes: Uint8Array, frame: Mp3Frame): boolean {
  const { at, end, headLength, sideLength } = frame;
  if (!hasSum(bytes, at) || end > bytes.length) return false;
  const head = crc16(bytes, { start: at + 2, end: at + 4 }, 0xffff);
  const side = { start: at + headLength, end: at + headLength + sideLength };
  const found = (bytes[at + 4] << 8) | bytes[at + 5];
  return crc16(bytes, side, head) !== found;
}

/** Length of an ID3v2 tag; 0 where there is none. */
export function id3Length(bytes: Uint8Array, at = 0): number {
  if (bytes.length < at + 10 || tagAt(bytes, at, 3) !== "ID3") return 0;
  const size = bytes
    .subarray(at + 6, at + 10)
    .reduce((sum, b) => sum * 128 + (b % 128), 0);
  return 10 + size + (bytes[at + 5] & 0x10 ? 10 : 0);
}

/** ID3v1, APE and Lyrics3 tags may follow the last frame. */
function isTrailer(bytes: Uint8Array, at: number): boolean {
  const first = bytes[at];
  if (first !== 0x54 && first !== 0x41 && first !== 0x4c) return false;
  return ["TAG", "APETAGEX", "LYRICSBEGIN"].some(
    (tag) => tagAt(bytes, at, tag.length) === tag,
  );
}
