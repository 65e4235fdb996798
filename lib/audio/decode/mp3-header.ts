import { type AudioHeader, badHeader, tagAt } from "./header.ts";

/** Kilobits per second of layer III, by index: MPEG 1, then MPEG 2 and 2.5. */
const bitrates = [
  [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
const ratesOfMpeg1 = [44_100, 48_000, 32_000];

interface Mp3Frame {
  readonly sampleRate: number;
  readonly channels: number;
  readonly nSamples: number;
  readonly nBytes: number;
}

/** The layer III frame at `at`, or undefined where there is none. */
function mp3FrameAt(bytes: Uint8Array, at: number): Mp3Frame | undefined {
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
  return {
    sampleRate,
    channels: bytes[at + 3] >> 6 === 3 ? 1 : 2,
    nSamples,
    nBytes: Math.floor((nSamples / 8) * (bitrate / sampleRate)) + padding,
  };
}

/** Offset of the first frame that another one, or the end, follows. */
export function findMp3(bytes: Uint8Array, from: number): number | undefined {
  const last = Math.min(bytes.length - 4, from + 65_536);
  for (let at = from; at <= last; at++) {
    const frame = bytes[at] === 0xff ? mp3FrameAt(bytes, at) : undefined;
    if (frame === undefined) continue;
    const next = at + frame.nBytes;
    if (next === bytes.length || isSameStream(bytes, next, frame)) return at;
  }
  return undefined;
}

/**
 * Walks from frame to frame: MP3 has no header for the whole file.
 *
 * Counts every frame, the encoder's own first one included, so the length is
 * a little longer than what a gapless decoder gives.
 */
export function readMp3Header(bytes: Uint8Array, isPart: boolean): AudioHeader {
  const start = findMp3(bytes, id3Length(bytes));
  const first = start === undefined ? undefined : mp3FrameAt(bytes, start);
  if (start === undefined || first === undefined) {
    throw badHeader("two MP3 frames in a row", "none in the first 64 KiB");
  }
  const { channels, sampleRate } = first;
  const header = { format: "mp3", sampleRate, channels } as const;
  if (isPart) return header;
  let nSamples = 0;
  let at = start;
  let end = start;
  while (at + 4 <= bytes.length) {
    const frame = mp3FrameAt(bytes, at);
    if (frame?.sampleRate === sampleRate) {
      nSamples += frame.nSamples;
      at += frame.nBytes;
      end = at;
    } else if (isTrailer(bytes, at)) break;
    else at++;
  }
  if (end <= bytes.length) return { ...header, nSamples };
  const missing = end - bytes.length;
  return {
    ...header,
    nSamples,
    cutShort: `the last MP3 frame lacks ${missing} bytes`,
  };
}

/** Length of an ID3v2 tag at the start; 0 where there is none. */
export function id3Length(bytes: Uint8Array): number {
  if (bytes.length < 10 || tagAt(bytes, 0, 3) !== "ID3") return 0;
  const size = bytes
    .subarray(6, 10)
    .reduce((sum, b) => sum * 128 + (b % 128), 0);
  return 10 + size + (bytes[5] & 0x10 ? 10 : 0);
}

function isSameStream(bytes: Uint8Array, at: number, like: Mp3Frame): boolean {
  return mp3FrameAt(bytes, at)?.sampleRate === like.sampleRate;
}

/** ID3v1, APE and Lyrics3 tags may follow the last frame. */
function isTrailer(bytes: Uint8Array, at: number): boolean {
  const first = bytes[at];
  if (first !== 0x54 && first !== 0x41 && first !== 0x4c) return false;
  return ["TAG", "APETAGEX", "LYRICSBEGIN"].some(
    (tag) => tagAt(bytes, at, tag.length) === tag,
  );
}
