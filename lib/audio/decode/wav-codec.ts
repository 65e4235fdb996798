import { decoder as openWav } from "@audio/decode-wav";
import type { Codec } from "./codec.ts";
import { readWavHeader } from "./wav.ts";

const piece = 65_536; // bytes

/** WAV of A-law, mu-law and ADPCM; never more than its data chunk. */
export const wavCodec: Codec = async function* (bytes) {
  const { dataEnd } = readWavHeader(bytes, bytes.length);
  const decoder = openWav();
  try {
    for (let at = 0; at < dataEnd; at += piece) {
      const end = Math.min(at + piece, dataEnd);
      yield { ...decoder.decode(bytes.subarray(at, end)), at: end };
    }
  } finally {
    decoder.free();
  }
};
