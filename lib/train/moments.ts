import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/**
 * Where AdamW's moments lie while parameters are moved one by one: in memory,
 * or in a folder's files, eight bytes for each parameter's number.
 */
export type MomentPlace = "memory" | { readonly folder: string };

/** A stretch of a parameter's numbers, by the parameter's place. */
export interface StretchAt {
  readonly leaf: number;
  readonly from: number;
  readonly size: number;
}

/** One kind of moment of all parameters, stretch by stretch. */
export interface MomentNumbers {
  get(at: StretchAt): Float32Array;
  set(at: StretchAt, values: Float32Array): void;
}

/** Both kinds, as AdamW has them. */
export interface MomentStore {
  readonly mean: MomentNumbers;
  readonly square: MomentNumbers;
  dispose(): void;
}

/**
 * Opens a store for parameters of these sizes; all its numbers are 0.
 *
 * In files they take no memory, and each step reads and writes all of them. The
 * files are no checkpoint: they are made anew, and removed in the end.
 */
export function openMoments(
  sizes: readonly number[],
  place: MomentPlace,
): MomentStore {
  const open = (name: string) =>
    place === "memory"
      ? inMemory(sizes)
      : inFiles(sizes, join(place.folder, name));
  const [mean, square] = [open("mean"), open("square")];
  const dispose = () => {
    mean.end();
    square.end();
  };
  return { mean, square, dispose };
}

interface Numbers extends MomentNumbers {
  end(): void;
}

function inMemory(sizes: readonly number[]): Numbers {
  const all = sizes.map((size) => new Float32Array(size));
  return {
    get: ({ from, leaf, size }) => all[leaf].slice(from, from + size),
    set: ({ from, leaf }, values) => all[leaf].set(values, from),
    end: () => {
      all.length = 0;
    },
  };
}

function inFiles(sizes: readonly number[], folder: string): Numbers {
  mkdirSync(folder, { recursive: true });
  const files = sizes.map((size, i) => {
    const file = openSync(join(folder, `${i}.f32`), "w+");
    ftruncateSync(file, 4 * size);
    return file;
  });
  return {
    get: ({ from, leaf, size }) => {
      const values = new Float32Array(size);
      transfer(readSync, files[leaf], { values, at: 4 * from });
      return values;
    },
    set: ({ from, leaf }, values) =>
      transfer(writeSync, files[leaf], { values, at: 4 * from }),
    end: () => {
      for (const file of files) closeSync(file);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** `readSync` or `writeSync`: how many bytes it has moved. */
type Move = (
  file: number,
  bytes: Uint8Array,
  from: number,
  length: number,
  at: number,
) => number;

/** Reads or writes all of the numbers; one call may do less. */
function transfer(
  move: Move,
  file: number,
  { at, values }: { readonly values: Float32Array; readonly at: number },
): void {
  const { buffer, byteLength, byteOffset } = values;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  for (let done = 0; done < byteLength; ) {
    const moved = move(file, bytes, done, byteLength - done, at + done);
    if (moved === 0) {
      throw new Error(
        `openMoments: expected ${byteLength} bytes at ${at}, got ${done}; ` +
          "the file was cut while it was in use",
      );
    }
    done += moved;
  }
}
