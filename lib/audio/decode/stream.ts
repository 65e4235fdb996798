import type { Block, Codec, Piece } from "./codec.ts";
import { damaged } from "./faults.ts";
import { flacCodec } from "./flac-codec.ts";
import type { AudioHeader, Damage } from "./header.ts";
import { mp3Codec } from "./mp3-codec.ts";
import { oggCodec } from "./ogg-codec.ts";
import { wavCodec } from "./wav-codec.ts";

/** How much of a file a decoder may turn into samples, and how fast. */
export interface Bounds {
  /** Samples after which decoding stops. */
  readonly most: number;
  /** Milliseconds after which decoding is given up. */
  readonly patience: number;
  /** Goes on after damage. */
  readonly acceptDamaged?: boolean;
}

const codecs: Readonly<Record<AudioHeader["format"], Codec>> = {
  wav: wavCodec,
  mp3: mp3Codec,
  flac: flacCodec,
  "ogg-flac": oggCodec,
  "ogg-vorbis": oggCodec,
  "ogg-opus": oggCodec,
};

/** Places that are kept; a note names the first. */
const mostDamage = 100;

/** Samples reserved on a header's word; more only as they come. */
const firstReserve = 2 ** 22;

/** What was decoded, and what was met on the way. */
export interface Decoded {
  readonly samples: Float32Array;
  readonly damage: readonly Damage[];
}

/**
 * Mono samples of a compressed file, decoded piece by piece.
 *
 * Damage is an error unless it is accepted. There libFLAC and mpg123 may print
 * a line of their own on the console; the workers of `hearFiles` keep it to
 * themselves.
 */
export async function decodePieces(
  bytes: Uint8Array,
  header: AudioHeader,
  { acceptDamaged = false, most, patience }: Bounds,
): Promise<Decoded> {
  const promised = Math.max(0, header.nSamples ?? 0);
  const mixed = new Mixer(Math.min(most, promised, firstReserve), most);
  const deadline = performance.now() + patience;
  const damage: Damage[] = [];
  for await (const piece of withHeader(bytes, header)) {
    if ("what" in piece) {
      if (!acceptDamaged && !piece.isEnd) throw damaged(piece);
      if (piece.isEnd || damage.length < mostDamage) damage.push(piece);
    } else mixed.add(piece, header);
    if (mixed.isFull) break;
    if (performance.now() > deadline) {
      throw new Error(
        `decodeAudio: expected to finish within ${patience} ms, ` +
          `got through ${piece.at} of ${bytes.length} bytes`,
      );
    }
  }
  return { samples: mixed.samples(), damage };
}

/** A codec's pieces, and the damage its header tells of, where it lies. */
async function* withHeader(
  bytes: Uint8Array,
  header: AudioHeader,
): AsyncGenerator<Piece> {
  let { damage } = header;
  for await (const piece of codecs[header.format](bytes, header)) {
    if (damage && piece.at > damage.at) {
      yield damage;
      damage = undefined;
    }
    yield piece;
  }
  if (damage) yield damage;
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
    if (channels === 0 || channelData[0].length === 0) return;
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
