import type { EncoderSizes } from "../encoder/encoder.ts";
import type { FeatureCache } from "./cache.ts";
import { type ClipOptions, readClip } from "./clip-file.ts";
import { nNumbers } from "./estimate.ts";
import type { Features } from "./features.ts";
import type { EncoderIdentity } from "./key.ts";

/** An encoder as a cache knows it: `identify` tells, without its weights. */
export interface CachedEncoder extends EncoderSizes {
  readonly identity: EncoderIdentity;
}

/**
 * Features of audio files, named by their paths, that a cache holds. Needs no
 * encoder and no engine, so any thread can open it.
 *
 * Its `read` throws an Error for a file whose features are not there.
 */
export function featuresInCache(
  cache: FeatureCache,
  encoders: readonly CachedEncoder[],
  options: Pick<ClipOptions, "limits"> = {},
): Features {
  const readInto = async (
    all: readonly Float32Array[],
    path: string,
    i: number,
  ) => {
    const { audio } = await readClip(path, options);
    for (const [e, { identity, name }] of encoders.entries()) {
      const found = await cache.read({ audio, ...identity });
      const expected = nNumbers(encoders[e]);
      if (found?.length !== expected) {
        const got = found ? `${found.length}` : "none";
        throw new Error(
          `read: expected ${expected} numbers of ${path} in ${cache.folder}, ` +
            `got ${got} (encoder ${name}); compute them first`,
        );
      }
      all[e].set(found, i * expected);
    }
  };
  return {
    encoders: encoders.map(({ grid, name, width }) => ({ name, grid, width })),
    read: async (audio) => {
      const all = encoders.map(
        (encoder) => new Float32Array(audio.length * nNumbers(encoder)),
      );
      for (const [i, path] of audio.entries()) await readInto(all, path, i);
      return all;
    },
  };
}
