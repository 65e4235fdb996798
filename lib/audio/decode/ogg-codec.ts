import { createOpusDecoder } from "@audio/decode-opus/core";
import { OggVorbisDecoder } from "@wasm-audio-decoders/ogg-vorbis";
import { type Codec, type Piece, piecesOf } from "./codec.ts";
import { openFlac } from "./flac-codec.ts";
import { viewOf } from "./header.ts";
import {
  isWholePage,
  OggPackets,
  type OggPage,
  oggPages,
} from "./ogg-pages.ts";

/** The decoder of one link: a stream from its first page to its last. */
interface LinkDecoder {
  readonly page: (
    bytes: Uint8Array,
    page: OggPage,
  ) => AsyncGenerator<Piece> | Generator<Piece>;
  readonly free: () => void;
}

type OggFormat = "ogg-vorbis" | "ogg-opus" | "ogg-flac";

const decoders: Readonly<Record<OggFormat, () => Promise<LinkDecoder>>> = {
  "ogg-vorbis": openVorbis,
  "ogg-opus": openOpus,
  "ogg-flac": openOggFlac,
};

/** Ogg: every page's sum is checked before a decoder sees it. */
export const oggCodec: Codec = async function* (bytes, { format }) {
  let link: LinkDecoder | undefined;
  try {
    for (const page of oggPages(bytes)) {
      // Pages out of order stand in the header's damage.
      if ("what" in page) continue;
      if (!isWholePage(bytes, page)) {
        const what = `Ogg page ${page.sequence} has another checksum`;
        yield { at: page.at, what };
        continue;
      }
      if (page.isFirst) {
        link?.free();
        link = await decoders[format as OggFormat]();
      }
      if (link) yield* link.page(bytes, page);
    }
  } finally {
    link?.free();
  }
};

const nextByte = Uint8Array.of(0x4f); // "OggS" begins with it

async function openVorbis(): Promise<LinkDecoder> {
  const decoder = new OggVorbisDecoder();
  await decoder.ready;
  let held: Uint8Array[] = [];
  let nSounding = 0; // pages
  return {
    async *page(bytes, page) {
      held.push(bytes.subarray(page.at, page.end));
      if (page.granule !== 0) nSounding++;
      // Asked before it knows the channels, the decoder makes thousands; and
      // the parser holds a page back until it sees a byte of the next one.
      if (nSounding < 2 && !page.isLast) return;
      if (page.isLast) held.push(nextByte);
      const chunk = held.length === 1 ? held[0] : Buffer.concat(held);
      held = [];
      yield* piecesOf(await decoder.decode(chunk), page);
    },
    free: () => decoder.free(),
  };
}

async function openOggFlac(): Promise<LinkDecoder> {
  const decoder = await openFlac();
  const packets = new OggPackets();
  return {
    page(bytes, page) {
      // The first packets are metadata: frames begin with 14 ones.
      const frames = packets
        .in(bytes, page)
        .filter(([first]) => first === 0xff);
      return decoder.frames(frames, page);
    },
    free: decoder.free,
  };
}

async function openOpus(): Promise<LinkDecoder> {
  const decoder = await createOpusDecoder();
  const packets = new OggPackets();
  let nHeaders = 0;
  let preSkip = 0;
  let given = 0; // samples
  return {
    *page(bytes, page) {
      const sound: Uint8Array[] = [];
      for (const packet of packets.in(bytes, page)) {
        if (nHeaders === 0) preSkip = configure(decoder, packet);
        if (nHeaders >= 2) sound.push(packet);
        nHeaders++;
      }
      if (sound.length === 0) return;
      const answer = decoder.decodeFrames(sound);
      const end = page.isLast ? page.granule - preSkip - given : Infinity;
      const keep = Math.max(0, Math.min(answer.samplesDecoded, end));
      given += keep;
      const channelData = answer.channelData.map((row) =>
        row.subarray(0, keep),
      );
      yield* piecesOf({ ...answer, channelData }, page);
    },
    free: () => decoder.free(),
  };
}

/** Sets the decoder up as the first packet says (RFC 7845, 5.1). */
function configure(
  decoder: Awaited<ReturnType<typeof createOpusDecoder>>,
  packet: Uint8Array,
): number {
  const view = viewOf(packet);
  const channels = packet[9];
  const preSkip = view.getUint16(10, true);
  const isMapped = packet[18] > 0;
  decoder.configure({
    channels,
    preSkip,
    outputGain: view.getInt16(16, true),
    ...(isMapped && {
      streamCount: packet[19],
      coupledStreamCount: packet[20],
      channelMappingTable: packet.subarray(21, 21 + channels),
    }),
  });
  return preSkip;
}
