import {
  checkHeader,
  checkOptions,
  checkSamples,
  type DecodeLimits,
  decodeLimits,
  tooLong,
} from "./check.ts";
import { checkFaults, faultNotes, faultsOf } from "./faults.ts";
import { readFlacHeader } from "./flac-header.ts";
import type { AudioFormat, AudioHeader } from "./header.ts";
import { id3Length } from "./mp3-frames.ts";
import { readMp3Header } from "./mp3-header.ts";
import { readOggHeader } from "./ogg-header.ts";
import { type Container, mislabelled, sniff } from "./sniff.ts";
import { type Bounds, type Decoded, decodePieces } from "./stream.ts";
import { readWavHeader, readWavSamples, type WavHeader } from "./wav.ts";

export interface DecodeOptions {
  /** The file's name: errors name it, and its ending is checked. */
  readonly name?: string;
  /** Decodes only so many seconds from the start, however long the file. */
  readonly first?: number;
  /** Takes what is left of a file that ends too early, with a note. */
  readonly acceptCutShort?: boolean;
  /** Takes what decodes of a damaged file, with a note. */
  readonly acceptDamaged?: boolean;
  readonly limits?: Partial<DecodeLimits>;
  /** Bytes of the whole file where only its beginning was read. */
  readonly fileLength?: number;
}

export interface DecodedAudio {
  /** Mono: the mean of the channels. */
  readonly samples: Float32Array;
  readonly sampleRate: number; // Hz
  /** Channels of the file. */
  readonly channels: number;
  /** Length of `samples`. */
  readonly seconds: number;
  readonly format: AudioFormat;
  /** What a careful reader would want to know, such as a wrong ending. */
  readonly notes: readonly string[];
}

/**
 * Decodes WAV, FLAC, MP3 or Ogg to mono samples at the file's own rate.
 *
 * The content decides the format, not the name. A file that breaks a limit,
 * is cut short or damaged, or holds anything but finite samples is refused.
 * Damage shows by the sums of FLAC and Ogg, and by frames that do not follow
 * one another; an MP3 has sums only where LAME wrote its tag.
 */
export async function decodeAudio(
  bytes: Uint8Array,
  options: DecodeOptions = {},
): Promise<DecodedAudio> {
  try {
    return await decode(bytes, options);
  } catch (cause) {
    throw named(cause, options.name);
  }
}

async function decode(
  bytes: Uint8Array,
  options: DecodeOptions,
): Promise<DecodedAudio> {
  const limits = { ...decodeLimits, ...options.limits };
  const { first, name } = options;
  checkOptions(bytes, first, limits);
  const header = readHeader(bytes, options.fileLength ?? bytes.length);
  checkHeader(header, limits, first);
  const { acceptDamaged } = options;
  if (first === undefined) checkFaults({ cutShort: header.cutShort }, options);
  const { channels, format, sampleRate } = header;
  const seconds = Math.min(first ?? Infinity, limits.maxSeconds);
  // One more than allowed tells a file that goes on from one that ends.
  const most = Math.ceil(seconds * sampleRate) + (first === undefined ? 1 : 0);
  const decoded = await decodeSamples(bytes, header, {
    most,
    patience: limits.maxMilliseconds,
    acceptDamaged,
  });
  const { samples } = decoded;
  if (first === undefined && samples.length === most) {
    throw tooLong(limits, "more");
  }
  const faults = faultsOf(header, decoded, most);
  checkFaults(faults, options);
  checkSamples(samples);
  const ending = name === undefined ? undefined : mislabelled(name, format);
  return {
    samples,
    sampleRate,
    channels,
    seconds: samples.length / sampleRate,
    format,
    notes: [ending, ...faultNotes(faults)].filter((note) => note !== undefined),
  };
}

/** What the file says of itself, read without decoding a sample. */
function readHeader(
  bytes: Uint8Array,
  fileLength = bytes.length,
): AudioHeader | WavHeader {
  const found = sniff(bytes);
  if ("other" in found) {
    throw new RangeError(
      `decodeAudio: expected wav, flac, mp3 or ogg, got ${found.other}`,
    );
  }
  const isPart = bytes.length < fileLength;
  const readers: Record<Container, () => AudioHeader> = {
    wav: () => readWavHeader(bytes, fileLength),
    flac: () => readFlacHeader(bytes, id3Length(bytes), "flac"),
    mp3: () => readMp3Header(bytes, isPart),
    ogg: () => readOggHeader(bytes, isPart),
  };
  return readers[found.container]();
}

async function decodeSamples(
  bytes: Uint8Array,
  header: AudioHeader | WavHeader,
  bounds: Bounds,
): Promise<Decoded> {
  if ("coding" in header && header.coding !== "library") {
    const dataEnd = Math.min(header.dataEnd, bytes.length);
    const ours = { ...header, dataEnd };
    return { samples: readWavSamples(bytes, ours, bounds.most), damage: [] };
  }
  return decodePieces(bytes, header, bounds);
}

/** Our errors as they are, with the file's name; a codec's, as a cause. */
function named(cause: unknown, name: string | undefined): Error {
  const suffix = name === undefined ? "" : ` (${name})`;
  const ours =
    cause instanceof Error && cause.message.startsWith("decodeAudio");
  if (!ours) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return new Error(
      `decodeAudio: expected a file that decodes, got a codec's error: ` +
        `${message}${suffix}`,
      { cause },
    );
  }
  if (suffix === "") return cause;
  const Kind = cause instanceof RangeError ? RangeError : Error;
  return new Kind(`${cause.message}${suffix}`, { cause: cause.cause });
}
