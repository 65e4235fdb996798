import { FLACDecoder } from "@wasm-audio-decoders/flac";
import decode from "audio-decode";
import CodecParser, { type CodecFrame, type OggPage } from "codec-parser";
import type { AudioHeader } from "./header.ts";

/** How much of a file a decoder may turn into samples, and how fast. */
export interface Bounds {
  /** Samples after which decoding stops. */
  readonly most: number;
  /** Milliseconds after which decoding is given up. */
  readonly patience: number;
}

interface Block {
  readonly channelData: readonly Float32Array[];
  readonly sampleRate: number;
}

type Blocks = (bytes: Uint8Array) => AsyncGenerator<Block>;

/**
 * The blocks of each format.
 *
 * A few bytes of silence can stand for megabytes of samples: small pieces keep
 * what one call may return below a hundred megabytes.
 */
const blocksOf: Readonly<Record<AudioHeader["format"], Blocks>> = {
  wav: (bytes) => pieceBlocks(bytes, decode.wav(), 65_536),
  mp3: (bytes) => pieceBlocks(bytes, decode.mp3(), 16_384),
  flac: (bytes) => flacBlocks(bytes, "audio/flac"),
  "ogg-flac": (bytes) => flacBlocks(bytes, "audio/ogg"),
  "ogg-vorbis": (bytes) => pieceBlocks(bytes, decode.oga(), 1024),
  "ogg-opus": (bytes) => pieceBlocks(bytes, decode.opus(), 1024),
};

async function* pieceBlocks(
  bytes: Uint8Array,
  opening: ReturnType<typeof decode.wav>,
  length: number,
): AsyncGenerator<Block> {
  const codec = await opening;
  try {
    for (let at = 0; at < bytes.length; at += length) {
      yield await codec(bytes.subarray(at, at + length));
    }
    yield await codec.flush();
  } finally {
    codec.free();
  }
}

/**
 * FLAC frame by frame: audio-decode 3.12 loses the frame whose header lies
 * across two of its pieces.
 */
async function* flacBlocks(
  bytes: Uint8Array,
  type: "audio/flac" | "audio/ogg",
): AsyncGenerator<Block> {
  const parser = new CodecParser(type, { enableFrameCRC32: false });
  const decoder = new FLACDecoder();
  await decoder.ready;
  try {
    for (const found of [parser.parseChunk(bytes), parser.flush()]) {
      // A generator, though its type says less.
      for (const part of found as Generator<CodecFrame | OggPage>) {
        const frames = framesOf(part).map(({ data }) => data);
        yield await decoder.decodeFrames(frames);
      }
    }
  } finally {
    decoder.free();
  }
}

function framesOf(part: CodecFrame | OggPage): readonly CodecFrame[] {
  return "codecFrames" in part ? part.codecFrames : [part];
}

/** Samples reserved on a header's word; more only as they come. */
const firstReserve = 2 ** 22;

/**
 * Mono samples of a compressed file, decoded piece by piece.
 *
 * Where a file is damaged, libFLAC and mpg123 may print a line of their own on
 * the console; the workers of `hearFiles` keep it to themselves.
 */
export async function decodePieces(
  bytes: Uint8Array,
  header: AudioHeader,
  { most, patience }: Bounds,
): Promise<Float32Array> {
  const promised = Math.max(0, header.nSamples ?? 0);
  const mixed = new Mixer(Math.min(most, promised, firstReserve), most);
  const deadline = performance.now() + patience;
  for await (const block of blocksOf[header.format](bytes)) {
    mixed.add(block, header);
    if (mixed.isFull) break;
    if (performance.now() > deadline) {
      throw new Error(
        `decodeAudio: expected to finish within ${patience} ms, ` +
          `got ${mixed.length} samples of ${bytes.length} bytes`,
      );
    }
  }
  return mixed.samples();
}

/** Collects blocks of any number of channels as one mono waveform. */
class Mixer {
  #samples: Float32Array;
  #length = 0;
  readonly #most: number;

  constructor(expected: number, most: number) {
    this.#samples = new Float32Array(expected);
    this.#most = most;
  }

  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length >= this.#most;
  }

  add({ channelData, sampleRate }: Block, header: AudioHeader): void {
    const channels = channelData.length;
    if (channels === 0) return;
    if (sampleRate !== header.sampleRate) {
      throw new RangeError(
        `decodeAudio: expected ${header.sampleRate} Hz throughout, ` +
          `got ${sampleRate} Hz after ${this.#length} samples`,
      );
    }
    const length = Math.min(channelData[0].length, this.#most - this.#length);
    this.#reserve(this.#length + length);
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += channelData[c][i];
      this.#samples[this.#length + i] = sum / channels;
    }
    this.#length += length;
  }

  samples(): Float32Array {
    return this.#samples.length === this.#length
      ? this.#samples
      : this.#samples.slice(0, this.#length);
  }

  #reserve(length: number): void {
    if (length <= this.#samples.length) return;
    const roomy = Math.min(this.#most, Math.max(length, 2 * length));
    const grown = new Float32Array(roomy);
    grown.set(this.#samples.subarray(0, this.#length));
    this.#samples = grown;
  }
}
