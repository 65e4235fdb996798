import { MPEGDecoder } from "mpg123-decoder";
import { type Codec, piecesOf } from "./codec.ts";
import { type Mp3Frame, mp3Frames } from "./mp3-frames.ts";
import { firstMp3Frame } from "./mp3-header.ts";
import { soundDamage } from "./mp3-tag.ts";

/** Bytes: a few of silence can stand for megabytes of samples. */
const usualBytes = 16_384;

/**
 * MP3, by mpg123, which takes off what an encoder's tag says it added.
 *
 * It is given frames and nothing between them: where it lost its way, it would
 * take any bytes for a header.
 */
export const mp3Codec: Codec = async function* (bytes) {
  const decoder = new MPEGDecoder();
  await decoder.ready;
  try {
    const first = firstMp3Frame(bytes);
    for (const { at, end } of runs(bytes, first)) {
      const answer = decoder.decode(bytes.subarray(at, end));
      for (const row of answer.channelData) {
        const loud = loudAt(row);
        if (loud < 0) continue;
        yield { at, what: `a sample of ${row[loud]}, where 1 is full scale` };
      }
      yield* piecesOf(answer, { at, end });
    }
    // Of the whole file: not asked where only its beginning is heard.
    const damage = soundDamage(bytes, first);
    if (damage) yield damage;
  } finally {
    decoder.free();
  }
};

/** What no encoder was given: a few bits can make it so. */
const loudest = 16; // 24 dB above full scale

function loudAt(samples: Float32Array): number {
  for (let i = 0; i < samples.length; i++) {
    if (Math.abs(samples[i]) > loudest) return i;
  }
  return -1;
}

/** Frames that lie together, for one call. */
function* runs(bytes: Uint8Array, first: Mp3Frame) {
  let { at } = first;
  let end = at;
  for (const frame of mp3Frames(bytes, first)) {
    if ("what" in frame) continue;
    if (frame.at !== end || end - at > usualBytes) {
      yield { at, end };
      at = frame.at;
    }
    end = frame.end;
  }
  yield { at, end: Math.min(end, bytes.length) };
}
