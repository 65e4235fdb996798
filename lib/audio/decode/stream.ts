import decode from "audio-decode";
import { flacPiece } from "./flac-pieces.ts";
import type { AudioHeader } from "./header.ts";

/** How much of a file a decoder may turn into samples, and how fast. */
export interface Bounds {
  /** Samples after which decoding stops. */
  readonly most: number;
  /** Milliseconds after which decoding is given up. */
  readonly patience: number;
}

interface Codec {
  readonly open: () => ReturnType<typeof decode.flac>;
  /** Bytes to feed it next. */
  readonly piece: typeof flacPiece;
}

/**
 * audio-decode's name of each format, and the bytes it is fed at a time.
 *
 * A few bytes of silence can stand for megabytes of samples: small pieces keep
 * what one call may return below a hundred megabytes.
 */
const codecs: Readonly<Record<AudioHeader["format"], Codec>> = {
  wav: { open: () => decode.wav(), piece: () => 65_536 },
  mp3: { open: () => decode.mp3(), piece: () => 16_384 },
  flac: { open: () => decode.flac(), piece: flacPiece },
  "ogg-flac": { open: () => decode.flac(), piece: flacPiece },
  "ogg-vorbis": { open: () => decode.oga(), piece: () => 1024 },
  "ogg-opus": { open: () => decode.opus(), piece: () => 1024 },
};

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
  const { open, piece } = codecs[header.format];
  const promised = Math.max(0, header.nSamples ?? 0);
  const mixed = new Mixer(Math.min(most, promised, firstReserve), most);
  const deadline = performance.now() + patience;
  const codec = await open();
  try {
    for (let at = 0; at < bytes.length && !mixed.isFull; ) {
      const end = at + piece(bytes, at, header);
      mixed.add(await codec(bytes.subarray(at, end)), header);
      at = end;
      if (performance.now() > deadline) {
        throw new Error(
          `decodeAudio: expected to finish within ${patience} ms, ` +
            `got through ${at} of ${bytes.length} bytes`,
        );
      }
    }
    if (!mixed.isFull) mixed.add(await codec.flush(), header);
  } finally {
    codec.free();
  }
  return mixed.samples();
}

interface Block {
  readonly channelData: readonly Float32Array[];
  readonly sampleRate: number;
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
