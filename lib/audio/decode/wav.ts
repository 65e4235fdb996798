import { type AudioHeader, badHeader, tagAt, viewOf } from "./header.ts";

export interface WavHeader extends AudioHeader {
  /** `library` for A-law, mu-law and ADPCM, which `wavCodec` reads. */
  readonly coding: "integer" | "float" | "library";
  readonly bits: number;
  /** Bytes of one sample of every channel. */
  readonly blockLength: number;
  readonly dataStart: number; // byte
  readonly dataEnd: number; // byte
}

const codings: Readonly<Record<number, WavHeader["coding"]>> = {
  1: "integer",
  3: "float",
  2: "library", // Microsoft ADPCM
  6: "library", // A-law
  7: "library", // mu-law
  17: "library", // IMA ADPCM
};
const extensible = 0xfffe;

/** Sizes that a writer leaves who could not go back to fill them in. */
const streamed = 0xffff_ffff;

/** Reads the chunks of a RIFF or RF64 file up to the samples. */
export function readWavHeader(
  bytes: Uint8Array,
  fileLength: number,
): WavHeader {
  const view = viewOf(bytes);
  let format: Format | undefined;
  let longSize: number | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const tag = tagAt(bytes, at);
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (tag === "ds64" && body + 16 <= bytes.length) {
      longSize = Number(view.getBigUint64(body + 8, true));
    }
    if (tag === "fmt ") format = readFormat(view, body, size);
    if (tag === "data") {
      if (format === undefined) break;
      const promised = size === streamed && longSize ? longSize : size;
      const isOpen = size === 0 && isUnfinished(bytes, body);
      return withData(format, body, {
        promised: isOpen ? streamed : promised,
        fileLength,
      });
    }
    at = body + size + (size % 2); // chunks begin at even offsets
  }
  const missing = format ? "data" : "fmt";
  throw badHeader(
    `a WAV file with a ${missing} chunk`,
    `none in ${bytes.length} bytes; the file is cut short or damaged`,
  );
}

/**
 * Whether an empty data chunk is one whose size was never filled in: then the
 * size of the whole was not either, and no other chunk follows.
 */
function isUnfinished(bytes: Uint8Array, body: number): boolean {
  const view = viewOf(bytes);
  const whole = view.getUint32(4, true);
  if (whole !== streamed && 8 + whole > body) return false;
  if (body + 8 > bytes.length) return bytes.length > body;
  const isTag = /^[a-z][a-z0-9_ -]{3}$/i.test(tagAt(bytes, body));
  return !(isTag && body + view.getUint32(body + 4, true) <= bytes.length);
}

type Format = Pick<
  WavHeader,
  "sampleRate" | "channels" | "coding" | "bits" | "blockLength"
>;

function readFormat(view: DataView, at: number, size: number): Format {
  if (size < 16 || at + size > view.byteLength) {
    throw badHeader("a WAV fmt chunk of 16 bytes or more", `${size}`);
  }
  const code = view.getUint16(at, true);
  const isLong = code === extensible && size >= 40;
  const kind = isLong ? view.getUint16(at + 24, true) : code;
  const channels = view.getUint16(at + 2, true);
  const sampleRate = view.getUint32(at + 4, true);
  const blockLength = view.getUint16(at + 12, true);
  const bits = view.getUint16(at + 14, true);
  const coding = Object.hasOwn(codings, kind) ? codings[kind] : undefined;
  if (coding === undefined) {
    throw badHeader(
      "a WAV file of PCM, float, A-law, mu-law or ADPCM",
      `format ${kind}`,
    );
  }
  const known = coding === "float" ? [32, 64] : [8, 16, 24, 32];
  if (coding !== "library") {
    if (!known.includes(bits)) {
      throw badHeader(`a WAV file of ${known.join(", ")} bits`, `${bits}`);
    }
    if (channels === 0 || blockLength !== (channels * bits) / 8) {
      throw badHeader(
        `${(channels * bits) / 8} bytes for ${channels} channels of ${bits} bits`,
        `${blockLength}`,
      );
    }
  }
  return { sampleRate, channels, coding, bits, blockLength };
}

function withData(
  format: Format,
  dataStart: number,
  { promised, fileLength }: { promised: number; fileLength: number },
): WavHeader {
  const there = Math.max(0, fileLength - dataStart);
  const nBytes = promised === streamed ? there : promised;
  const header = {
    ...format,
    format: "wav",
    dataStart,
    dataEnd: dataStart + Math.min(nBytes, there),
    ...(nBytes > there
      ? { cutShort: `${nBytes} bytes of samples promised, ${there} there` }
      : {}),
  } as const;
  if (format.coding === "library") return header;
  const nSamples = Math.floor(nBytes / format.blockLength);
  return { ...header, nSamples };
}

/**
 * Mono samples of PCM or float WAV: the mean of the channels.
 *
 * Integers are divided by half their range, as libsndfile and torchaudio do.
 */
export function readWavSamples(
  bytes: Uint8Array,
  header: WavHeader,
  most: number,
): Float32Array {
  const { blockLength, channels, dataEnd, dataStart } = header;
  const whole = Math.floor((dataEnd - dataStart) / blockLength);
  const samples = new Float32Array(Math.min(whole, most));
  const read = reader(viewOf(bytes), header);
  const step = blockLength / channels;
  for (let i = 0, at = dataStart; i < samples.length; i++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++, at += step) {
      sum += read(at);
    }
    samples[i] = sum / channels;
  }
  return samples;
}

/** One sample at a byte offset, in -1..1. */
function reader(
  view: DataView,
  { bits, coding }: WavHeader,
): (at: number) => number {
  if (coding === "float") {
    return bits === 32
      ? (at) => view.getFloat32(at, true)
      : (at) => view.getFloat64(at, true);
  }
  switch (bits) {
    case 8:
      return (at) => (view.getUint8(at) - 128) / 2 ** 7;
    case 16:
      return (at) => view.getInt16(at, true) / 2 ** 15;
    case 24:
      return (at) =>
        (view.getUint16(at, true) + view.getInt8(at + 2) * 65_536) / 2 ** 23;
    default:
      return (at) => view.getInt32(at, true) / 2 ** 31;
  }
}
