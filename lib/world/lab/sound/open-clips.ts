import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
} from "node:fs";
import { join } from "node:path";
import { clipsPerShard, readShard, shardPaths } from "./clip-shard.ts";
import { sceneOptions } from "./scene.ts";
import type { ClipTruth } from "./truth.ts";

/** The clips of a set that was rendered. */
export interface Clips {
  readonly sampleRate: number; // Hz
  /** In order; a clip's place is its number. */
  readonly truths: readonly ClipTruth[];
  /** Mono samples of a clip, from -1 to 1. */
  samples(i: number): Float32Array;
}

/** Bytes before a WAV file's samples, as `encodeWav` writes it. */
const headerLength = 44;

/**
 * Opens a set's folder.
 *
 * @throws RangeError for a folder without clips, and, from `samples`, for a
 * number that the set has not or a file that was cut
 */
export function openClips(folder: string): Clips {
  const path = join(folder, "set.json");
  if (!existsSync(path)) {
    throw new RangeError(
      `openClips: expected the folder of a set of clips, got ${folder}; ` +
        "npm run pal -- render makes one",
    );
  }
  const { sampleRate } = JSON.parse(readFileSync(path, "utf8"));
  const truths: ClipTruth[] = [];
  for (let shard = 0; ; shard++) {
    const some = readShard(folder, shard);
    if (!some) break;
    truths.push(...some);
    if (some.length < clipsPerShard) break;
  }
  const perClip = Math.round(sceneOptions.seconds * sampleRate);
  return {
    sampleRate,
    truths,
    samples: (i) => {
      if (!(Number.isInteger(i) && i >= 0 && i < truths.length)) {
        throw new RangeError(
          `samples: expected a clip from 0 to ${truths.length - 1}, got ${i} ` +
            `(${folder})`,
        );
      }
      const { sound } = shardPaths(folder, Math.floor(i / clipsPerShard));
      const from = headerLength + 2 * perClip * (i % clipsPerShard);
      return samplesAt(sound, from, perClip);
    },
  };
}

function samplesAt(path: string, from: number, count: number): Float32Array {
  const bytes = Buffer.alloc(2 * count);
  const file = openSync(path, "r");
  try {
    const read = readSync(file, bytes, 0, bytes.length, from);
    if (read < bytes.length) {
      throw new RangeError(
        `samples: expected ${bytes.length} bytes from ${from}, got ${read} ` +
          `(${path}); remove the file and render the set again`,
      );
    }
  } finally {
    closeSync(file);
  }
  return Float32Array.from(
    { length: count },
    (_, i) => bytes.readInt16LE(2 * i) / 32_767,
  );
}
