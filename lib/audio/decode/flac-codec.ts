import { FLACDecoder } from "@wasm-audio-decoders/flac";
import { type Codec, type Piece, piecesOf } from "./codec.ts";
import { type FlacFrame, flacAudioStart, flacFrames } from "./flac-frames.ts";
import { id3Length } from "./mp3-header.ts";

/**
 * Memory that the samples of one call may take, and bytes it is given: 14
 * bytes of silence can stand for half a million samples.
 */
const budget = 16 * 2 ** 20;
const usualBytes = 65_536;

/** FLAC, by libFLAC. */
export const flacCodec: Codec = async function* (bytes, { channels }) {
  const decoder = await openFlac();
  try {
    let batch: FlacFrame[] = [];
    let samples = 0;
    const start = flacAudioStart(bytes, id3Length(bytes));
    for (const frame of flacFrames(bytes, start)) {
      if ("what" in frame) {
        yield* decoder.pieces(bytes, batch.splice(0));
        yield frame;
        continue;
      }
      batch.push(frame);
      samples += frame.nSamples;
      const isFull =
        4 * channels * samples > budget || frame.end - batch[0].at > usualBytes;
      if (!isFull) continue;
      yield* decoder.pieces(bytes, batch);
      batch = [];
      samples = 0;
    }
    yield* decoder.pieces(bytes, batch);
  } finally {
    decoder.free();
  }
};

interface Flac {
  readonly pieces: (
    bytes: Uint8Array,
    frames: readonly Pick<FlacFrame, "at" | "end">[],
  ) => AsyncGenerator<Piece>;
  readonly frames: (
    frames: Uint8Array[],
    place: { readonly at: number; readonly end: number },
  ) => AsyncGenerator<Piece>;
  readonly free: () => void;
}

/** libFLAC, fed with whole frames, wherever they were found. */
export async function openFlac(): Promise<Flac> {
  const decoder = new FLACDecoder();
  await decoder.ready;
  const frames: Flac["frames"] = async function* (each, place) {
    if (each.length === 0) return;
    const { bitDepth, ...answer } = await decoder.decodeFrames(each);
    const channelData = answer.channelData.map((row) =>
      toFullScale(row, bitDepth),
    );
    yield* piecesOf({ ...answer, channelData }, place);
  };
  return {
    frames,
    pieces: (bytes, found) => {
      const each = found.map(({ at, end }) => bytes.subarray(at, end));
      return frames(each, {
        at: found[0]?.at ?? 0,
        end: found.at(-1)?.end ?? 0,
      });
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
