import { FLACDecoder } from "@wasm-audio-decoders/flac";
import { type Codec, type Piece, piecesOf } from "./codec.ts";
import { type FlacFrame, flacAudioStart, flacFrames } from "./flac-frames.ts";
import type { AudioHeader, Damage } from "./header.ts";
import { id3Length } from "./mp3-frames.ts";

/**
 * Memory that the samples of one call may take, and bytes it is given: 14
 * bytes of silence can stand for half a million samples.
 */
const budget = 16 * 2 ** 20;
const usualBytes = 65_536;

/** FLAC, by libFLAC. */
export const flacCodec: Codec = async function* (bytes, header) {
  const decoder = await openFlac();
  try {
    for (const batch of batches(bytes, header)) {
      if ("what" in batch) yield batch;
      else {
        const frames = batch.map(({ at, end }) => bytes.subarray(at, end));
        yield* decoder.frames(frames, placeOf(batch));
      }
    }
    // Zeros after a frame leave its sum as it is: lost frames may be zeros.
    const isBlank = bytes.subarray(-8).every((byte) => byte === 0);
    if (isBlank && header.nSamples === undefined) {
      yield { at: bytes.length - 8, what: "zeros at the end" };
    }
  } finally {
    decoder.free();
  }
};

/** As many frames as one call decodes, and the damage between them. */
function* batches(
  bytes: Uint8Array,
  { channels }: AudioHeader,
): Generator<FlacFrame[] | Damage> {
  let batch: FlacFrame[] = [];
  let nSamples = 0;
  const start = flacAudioStart(bytes, id3Length(bytes));
  for (const frame of flacFrames(bytes, start)) {
    if ("what" in frame) {
      if (batch.length > 0) yield batch;
      yield frame;
    } else {
      batch.push(frame);
      nSamples += frame.nSamples;
      const { at, end } = placeOf(batch);
      const isFull = 4 * channels * nSamples > budget || end - at > usualBytes;
      if (!isFull) continue;
      yield batch;
    }
    batch = [];
    nSamples = 0;
  }
  if (batch.length > 0) yield batch;
}

function placeOf(batch: readonly FlacFrame[]) {
  return { at: batch[0].at, end: (batch.at(-1) as FlacFrame).end };
}

/** libFLAC, fed with whole frames, wherever they were found. */
interface Flac {
  readonly frames: (
    frames: Uint8Array[],
    place: { readonly at: number; readonly end: number },
  ) => AsyncGenerator<Piece>;
  readonly free: () => void;
}

export async function openFlac(): Promise<Flac> {
  const decoder = new FLACDecoder();
  await decoder.ready;
  return {
    async *frames(frames, place) {
      if (frames.length === 0) return;
      const { bitDepth, ...answer } = await decoder.decodeFrames(frames);
      const channelData = answer.channelData.map((row) =>
        toFullScale(row, bitDepth),
      );
      yield* piecesOf({ ...answer, channelData }, place);
    },
    free: () => decoder.free(),
  };
}

const roundest = 1.5 * 2 ** 52;

/**
 * The same samples where 1 is half the range of integers, as in WAV.
 *
 * The decoder divides them by one less. Up to 24 bits a float holds enough to
 * find the integer again; beyond, the difference is less than it holds.
 */
function toFullScale(samples: Float32Array, bits: number): Float32Array {
  if (bits > 24) return samples;
  const half = 2 ** (bits - 1);
  for (let i = 0; i < samples.length; i++) {
    // At this size a double has no digits after the point left: it rounds.
    const whole = samples[i] * (half - 1) + roundest - roundest;
    samples[i] = whole / half;
  }
  return samples;
}
