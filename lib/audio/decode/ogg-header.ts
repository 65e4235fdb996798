import { readFlacHeader } from "./flac-header.ts";
import {
  type AudioHeader,
  badHeader,
  type Damage,
  tagAt,
  viewOf,
} from "./header.ts";
import { type OggPage, oggPages } from "./ogg-pages.ts";

/** Opus decodes to this rate, whatever was recorded (RFC 7845). */
const opusRate = 48_000;

/** One recording of the file: a chain has several, one after the other. */
interface Link {
  readonly header: AudioHeader;
  readonly at: number; // byte
  /** Samples before the first that is heard. */
  readonly skipped: number;
  last: OggPage;
}

/**
 * Reads an Ogg file's first packet, its pages' order and its end.
 *
 * A chain is read as one recording where its links are alike.
 */
export function readOggHeader(bytes: Uint8Array, isPart: boolean): AudioHeader {
  const links: Link[] = [];
  let damage: Damage | undefined;
  for (const page of oggPages(bytes)) {
    if ("what" in page) damage ??= page;
    else if (page.isFirst) links.push(begin(bytes, page, links));
    else if (links.length > 0) (links.at(-1) as Link).last = page;
  }
  const [first] = links;
  if (first === undefined) {
    const cutShort = "the first Ogg page is not whole";
    return { ...readFirstPacket(bytes, 0), cutShort };
  }
  return {
    ...first.header,
    ...(isPart ? {} : lengthOf(links)),
    ...(damage ? { damage } : {}),
  };
}

function begin(bytes: Uint8Array, page: OggPage, links: Link[]): Link {
  const { at } = page;
  const header = readFirstPacket(bytes, at);
  const skipped =
    header.format === "ogg-opus"
      ? viewOf(bytes).getUint16(packetAt(bytes, at) + 10, true)
      : 0;
  const [first] = links;
  const before = links.at(-1)?.last;
  if (before?.isLast === false) {
    throw badHeader(
      "one stream in the Ogg file",
      `a second one at byte ${at}, before the first has ended; ` +
        "take the sound out of it first",
    );
  }
  if (first !== undefined && kindOf(first.header) !== kindOf(header)) {
    throw badHeader(
      "one recording in the Ogg file",
      `a chain: ${kindOf(first.header)}, then ${kindOf(header)} ` +
        `at byte ${at}; split it into files`,
    );
  }
  return { header, at, skipped, last: page };
}

const kindOf = ({ channels, format, sampleRate }: AudioHeader) =>
  `${format} of ${sampleRate} Hz and ${channels} channels`;

const packetAt = (bytes: Uint8Array, page: number) =>
  page + 27 + (bytes[page + 26] ?? 0);

function readFirstPacket(bytes: Uint8Array, page: number): AudioHeader {
  const packet = packetAt(bytes, page);
  const view = viewOf(bytes);
  if (tagAt(bytes, packet, 7) === "\x01vorbis") {
    needs(bytes, packet + 16, "Vorbis");
    const channels = bytes[packet + 11];
    const sampleRate = view.getUint32(packet + 12, true);
    return { format: "ogg-vorbis", sampleRate, channels };
  }
  if (tagAt(bytes, packet, 8) === "OpusHead") {
    needs(bytes, packet + 19, "Opus");
    const channels = bytes[packet + 9];
    return { format: "ogg-opus", sampleRate: opusRate, channels };
  }
  if (tagAt(bytes, packet, 5) === "\x7fFLAC") {
    const { channels, format, sampleRate } = readFlacHeader(
      bytes,
      packet + 9,
      "ogg-flac",
    );
    return { format, sampleRate, channels };
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

/** Length and wholeness: each link's last page counts its samples. */
function lengthOf(
  links: readonly Link[],
): Pick<AudioHeader, "nSamples" | "cutShort"> {
  const isWhole = links.every(({ last }) => last.isLast);
  if (!isWhole) {
    return { cutShort: "the last Ogg page is missing or not whole" };
  }
  const nSamples = links.reduce(
    (sum, { last, skipped }) => sum + Math.max(0, last.granule - skipped),
    0,
  );
  return nSamples > 0 ? { nSamples } : {};
}
