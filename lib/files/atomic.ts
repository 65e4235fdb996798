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
  const file = begin(path);
  try {
    for (const chunk of isWhole ? [Buffer.from(content)] : content) {
      file.write(chunk);
    }
    return file.finish();
  } catch (error) {
    file.abandon();
    throw error;
  }
}

/** The same, of parts that take time to be made. */
export async function writeWholeFrom(
  path: string | PathByHash,
  content: AsyncIterable<Uint8Array>,
): Promise<string> {
  const file = begin(path);
  try {
    for await (const chunk of content) file.write(chunk);
    return file.finish();
  } catch (error) {
    file.abandon();
    throw error;
  }
}

interface Unfinished {
  write(chunk: Uint8Array): void;
  /** Gives the file its name, which is returned. */
  finish(): string;
  abandon(): void;
}

function begin(path: string | PathByHash): Unfinished {
  const isNamed = typeof path === "string";
  const place = isNamed ? path : path("unfinished");
  const temporary = `${place}.${process.pid}.tmp`;
  const hash = isNamed ? undefined : createHash("sha256");
  rmSync(temporary, { force: true }); // of a killed process of this number
  const file = openSync(temporary, "wx"); // and never through a link
  let isOpen = true;
  const close = () => {
    if (isOpen) closeSync(file);
    isOpen = false;
  };
  return {
    write: (chunk) => {
      hash?.update(chunk);
      writeAll(file, chunk);
    },
    finish: () => {
      fsyncSync(file);
      close();
      const final = isNamed ? path : path(hash!.digest("hex"));
      renameSync(temporary, final);
      flushFolder(dirname(final));
      return final;
    },
    abandon: () => {
      close();
      rmSync(temporary, { force: true });
    },
  };
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
