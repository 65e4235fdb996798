import { MPEGDecoder } from "mpg123-decoder";
import { type Codec, piecesOf } from "./codec.ts";
import { firstMp3Frame } from "./mp3-header.ts";
import { soundDamage } from "./mp3-tag.ts";

/** Bytes: a few of silence can stand for megabytes of samples. */
const piece = 16_384;

/** MP3, by mpg123, which takes off what an encoder's tag says it added. */
export const mp3Codec: Codec = async function* (bytes) {
  const decoder = new MPEGDecoder();
  await decoder.ready;
  try {
    for (let at = 0; at < bytes.length; at += piece) {
      const end = Math.min(at + piece, bytes.length);
      yield* piecesOf(decoder.decode(bytes.subarray(at, end)), { at, end });
    }
    // Of the whole file: not asked where only its beginning is heard.
    const damage = soundDamage(bytes, firstMp3Frame(bytes));
    if (damage) yield damage;
  } finally {
    decoder.free();
  }
};
