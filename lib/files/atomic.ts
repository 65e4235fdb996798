import { createHash } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

type Chunk = string | Uint8Array;

/** A path that follows from what is written: from its sha256, in hex. */
export type PathByHash = (sha256: string) => string;

/**
 * Writes a file whole or not at all: under a temporary name beside it, flushed
 * to the disk, then renamed.
 *
 * Kept by hand: write-file-atomic 8 takes a file as one buffer, and a
 * checkpoint does not fit into one.
 *
 * @param content - all of it, or its parts, made one after the other
 * @returns the path
 */
export function writeWhole(
  path: string | PathByHash,
  content: Chunk | Iterable<Uint8Array>,
): string {
  const isWhole = typeof content === "string" || content instanceof Uint8Array;
  const chunks = isWhole ? [Buffer.from(content)] : content;
  const isNamed = typeof path === "string";
  const place = isNamed ? path : path("unfinished");
  const temporary = `${place}.${process.pid}.tmp`;
  const hash = isNamed ? undefined : createHash("sha256");
  rmSync(temporary, { force: true }); // of a killed process of this number
  const file = openSync(temporary, "wx"); // and never through a link
  let final = place;
  try {
    try {
      for (const chunk of chunks) {
        hash?.update(chunk);
        writeAll(file, chunk);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (!isNamed) final = path(hash!.digest("hex"));
    renameSync(temporary, final);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  flushFolder(dirname(final));
  return final;
}

/** A write takes at most 2 GiB at a time, and may take less. */
function writeAll(file: number, chunk: Uint8Array): void {
  const most = 2 ** 30;
  for (let done = 0; done < chunk.length; ) {
    const length = Math.min(most, chunk.length - done);
    done += writeSync(file, chunk, done, length);
  }
}

/** So that the new name survives a loss of power; Windows has no such call. */
function flushFolder(folder: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
