import { sharedCrop } from "../audio/crop.ts";
import { readAudio } from "../audio/decode/read.ts";
import { type FrontEnd, hear } from "../audio/front-end.ts";
import type { ClipOptions } from "./clip-file.ts";
import type { Sounds } from "./features.ts";

/**
 * Audio files, named by their paths, as encoders are shown them: decoded,
 * cropped, resampled and framed. Needs no engine.
 *
 * Its `read` gives an array for each front-end, picture after picture; front-ends
 * that are the same share one.
 */
export function picturesOfFiles(
  frontEnds: readonly FrontEnd[],
  options: ClipOptions = {},
): Sounds {
  const first = sharedCrop.from + sharedCrop.seconds;
  const picturesOf = async (path: string) => {
    try {
      const audio = await readAudio(path, { ...options, first });
      return new Map(
        [...new Set(frontEnds)].map((one) => [one, pictureOf(audio, one)]),
      );
    } catch (cause) {
      throw new Error(
        `read: expected a picture of ${path}, got: ${(cause as Error).message}`,
        { cause },
      );
    }
  };
  return {
    read: async (audio) => {
      const all = new Map(
        [...new Set(frontEnds)].map((one) => [
          one,
          new Float32Array(audio.length * sizeOf(one)),
        ]),
      );
      // A sound that comes twice is decoded once.
      for (const path of new Set(audio)) {
        for (const [frontEnd, picture] of await picturesOf(path)) {
          audio.forEach((name, i) => {
            if (name !== path) return;
            all.get(frontEnd)!.set(picture, i * picture.length);
          });
        }
      }
      return frontEnds.map((one) => all.get(one)!);
    },
  };
}

const sizeOf = ({ nBands, nFrames }: FrontEnd) => nFrames * nBands;

function pictureOf(
  audio: { readonly samples: Float32Array; readonly sampleRate: number },
  frontEnd: FrontEnd,
): Float32Array {
  const { values } = hear(audio, frontEnd);
  if (values.length === sizeOf(frontEnd)) return values;
  throw new RangeError(
    `expected ${sizeOf(frontEnd)} numbers of front-end ${frontEnd.name}, ` +
      `got ${values.length}`,
  );
}
