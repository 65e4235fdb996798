import { readFlacHeader } from "./flac-header.ts";
import { type AudioHeader, badHeader, tagAt, viewOf } from "./header.ts";

/** Opus decodes to this rate, whatever was recorded (RFC 7845). */
const opusRate = 48_000;

/** Reads the first packet of an Ogg stream, and its end where it is there. */
export function readOggHeader(bytes: Uint8Array, isPart: boolean): AudioHeader {
  const packet = 27 + (bytes[26] ?? 0);
  const view = viewOf(bytes);
  const end = isPart ? {} : readEnd(bytes, view);
  if (tagAt(bytes, packet, 7) === "\x01vorbis") {
    needs(bytes, packet + 16, "Vorbis");
    const channels = bytes[packet + 11];
    const sampleRate = view.getUint32(packet + 12, true);
    return { format: "ogg-vorbis", sampleRate, channels, ...end };
  }
  if (tagAt(bytes, packet, 8) === "OpusHead") {
    needs(bytes, packet + 19, "Opus");
    const channels = bytes[packet + 9];
    const skipped = view.getUint16(packet + 10, true);
    const nSamples =
      end.nSamples === undefined ? {} : { nSamples: end.nSamples - skipped };
    const sampleRate = opusRate;
    return { format: "ogg-opus", sampleRate, channels, ...end, ...nSamples };
  }
  if (tagAt(bytes, packet, 5) === "\x7fFLAC") {
    const cutShort = end.cutShort ? { cutShort: end.cutShort } : {};
    const header = readFlacHeader(bytes, packet + 9, "ogg-flac");
    return { ...header, ...cutShort };
  }
  throw badHeader(
    "Vorbis, Opus or FLAC in the Ogg file",
    `a packet that begins ${JSON.stringify(tagAt(bytes, packet, 8))}`,
  );
}

function needs(bytes: Uint8Array, length: number, codec: string): void {
  if (bytes.length >= length) return;
  throw badHeader(
    `an Ogg ${codec} header of ${length} bytes`,
    `${bytes.length}; the file is cut short`,
  );
}

/** Length and wholeness from the last page, which is 65,307 bytes at most. */
function readEnd(
  bytes: Uint8Array,
  view: DataView,
): Pick<AudioHeader, "nSamples" | "cutShort"> {
  const earliest = Math.max(0, bytes.length - 65_307);
  for (let at = bytes.length - 27; at >= earliest; at--) {
    if (bytes[at] !== 0x4f || tagAt(bytes, at) !== "OggS") continue;
    const granule = Number(view.getBigInt64(at + 6, true));
    const nSamples = granule > 0 ? { nSamples: granule } : {};
    const isLast = (bytes[at + 5] & 4) !== 0;
    const size = pageSize(bytes, at);
    if (isLast && at + size <= bytes.length) return nSamples;
    return { cutShort: "the last Ogg page is missing or not whole" };
  }
  return { cutShort: "no Ogg page near the end" };
}

function pageSize(bytes: Uint8Array, at: number): number {
  const nSegments = bytes[at + 26];
  let size = 27 + nSegments;
  for (let i = 0; i < nSegments; i++) size += bytes[at + 27 + i] ?? 0;
  return size;
}
