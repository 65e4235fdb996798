import { type AudioHeader, badHeader, type Damage } from "./header.ts";
import {
  id3Length,
  isAlike,
  type Mp3Frame,
  mp3FrameAt,
  mp3Frames,
} from "./mp3-frames.ts";
import { Mp3Reservoir } from "./mp3-reservoir.ts";
import { type Mp3Tag, readMp3Tag } from "./mp3-tag.ts";

/** Offset of the first frame that another one, or the end, follows. */
export function findMp3(bytes: Uint8Array, from: number): number | undefined {
  const last = Math.min(bytes.length - 4, from + 65_536);
  for (let at = from; at <= last; at++) {
    const frame = bytes[at] === 0xff ? mp3FrameAt(bytes, at) : undefined;
    if (frame === undefined) continue;
    const next = mp3FrameAt(bytes, frame.end);
    if (frame.end === bytes.length || isAlike(next, frame)) return at;
  }
  return undefined;
}

/** The first frame, past tags and what should not be there. */
export function firstMp3Frame(bytes: Uint8Array): Mp3Frame {
  const start = findMp3(bytes, pastTags(bytes));
  const first = start === undefined ? undefined : mp3FrameAt(bytes, start);
  if (first !== undefined) return first;
  throw badHeader("two MP3 frames in a row", "none in the first 64 KiB");
}

function pastTags(bytes: Uint8Array): number {
  let at = id3Length(bytes);
  for (let more = at; more > 0; at += more) more = id3Length(bytes, at);
  return at;
}

/**
 * Walks from frame to frame: MP3 has no header for the whole file.
 *
 * The length is what a gapless decoder gives where the encoder's tag tells of
 * the samples it added, and all that the frames hold where there is none.
 */
export function readMp3Header(bytes: Uint8Array, isPart: boolean): AudioHeader {
  const first = firstMp3Frame(bytes);
  const { channels, sampleRate } = first;
  const tag = readMp3Tag(bytes, first);
  const walk = walkFrames(bytes, first, tag !== undefined);
  const damage =
    damageBefore(bytes, first) ??
    tag?.damage ??
    (isFilledUp(bytes, walk, tag) ? undefined : walk.damage) ??
    tooMany(first, walk.nFrames, tag);
  const nSamples = lengthOf(first, tag, isPart ? undefined : walk.nFrames);
  // Damage explains frames that are missing.
  const cutShort = isPart ? undefined : whyShort(walk, damage ? {} : tag);
  return {
    format: "mp3",
    sampleRate,
    channels,
    ...(nSamples === undefined ? {} : { nSamples }),
    ...(cutShort === undefined ? {} : { cutShort }),
    ...(damage === undefined ? {} : { damage }),
  };
}

interface Walk {
  readonly nFrames: number;
  /** Why the last frame is not whole. */
  readonly cut: string | undefined;
  readonly damage: Damage | undefined;
}

function walkFrames(bytes: Uint8Array, first: Mp3Frame, isTag: boolean): Walk {
  const reservoir = new Mp3Reservoir();
  let damage: Damage | undefined;
  let cut: string | undefined;
  let nFrames = 0;
  let end = first.at;
  for (const frame of mp3Frames(bytes, first)) {
    if ("what" in frame) {
      if (frame.isEnd) cut = frame.what;
      else damage ??= frame;
      continue;
    }
    end = frame.end;
    if (isTag && frame.at === first.at) continue;
    damage ??= reservoir.add(bytes, frame);
    if (end <= bytes.length) nFrames++;
  }
  if (end > bytes.length) {
    cut = `the last MP3 frame lacks ${end - bytes.length} bytes`;
  }
  return { nFrames, cut, damage };
}

/** Bytes that are neither tags nor zeros, where the first frame should be. */
function damageBefore(bytes: Uint8Array, first: Mp3Frame): Damage | undefined {
  const at = pastTags(bytes);
  if (bytes.subarray(at, first.at).every((byte) => byte === 0)) {
    return undefined;
  }
  return { at, what: `${first.at - at} bytes that are no MP3 frame` };
}

/** Samples that will be decoded; unknown where only a count of frames is. */
function lengthOf(
  { nSamples }: Mp3Frame,
  tag: Mp3Tag | undefined,
  counted: number | undefined,
): number | undefined {
  if (tag === undefined) return counted && counted * nSamples;
  if (tag.nFrames === undefined || tag.added === undefined) return undefined;
  return Math.max(0, tag.nFrames * nSamples - tag.added);
}

/** Zeros after all the frames that were promised are no damage. */
function isFilledUp(
  bytes: Uint8Array,
  { damage, nFrames }: Walk,
  tag: Mp3Tag | undefined,
): boolean {
  if (damage === undefined || nFrames !== tag?.nFrames) return false;
  return bytes.subarray(damage.at).every((byte) => byte === 0);
}

function tooMany(
  { at }: Mp3Frame,
  counted: number,
  { nFrames, slack = 0 }: Partial<Mp3Tag> = {},
): Damage | undefined {
  if (nFrames === undefined || counted <= nFrames + slack) return undefined;
  return { at, what: `${nFrames} MP3 frames promised, ${counted} there` };
}

function whyShort(
  { cut, nFrames: counted }: Walk,
  { nFrames, slack = 0 }: Partial<Mp3Tag> = {},
): string | undefined {
  if (cut !== undefined) return cut;
  if (nFrames === undefined || counted >= nFrames - slack) return undefined;
  return `${nFrames} MP3 frames promised, ${counted} there`;
}
