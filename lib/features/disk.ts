import {
  closeSync,
  fdatasyncSync,
  openSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

/**
 * The steps by which a shard comes to the disk, in a writer's hands so that a
 * test can stop between any two of them.
 */
export interface Disk {
  /** Begins a file that nobody else has. */
  create(path: string): Promise<FileHandle>;
  /** Writes bytes from `at` on. */
  write(file: FileHandle, bytes: Uint8Array, at: number): Promise<void>;
  flush(file: FileHandle): Promise<void>;
  /** Writes a whole small file. */
  put(path: string, bytes: Uint8Array, isFlushed: boolean): void;
  /** Puts a file in the place of another, at once. */
  replace(path: string, by: string): void;
}

/** The disk itself. */
export const systemDisk: Disk = {
  create: (path) => open(path, "wx"),
  write: async (file, bytes, at) => {
    for (let done = 0; done < bytes.length; ) {
      const rest = bytes.length - done;
      const { bytesWritten } = await file.write(bytes, done, rest, at + done);
      done += bytesWritten;
    }
  },
  flush: (file) => file.datasync(),
  // Not asynchronous: handing over the few bytes takes longer than that.
  put: (path, bytes, isFlushed) => {
    const file = openSync(path, "w");
    try {
      writeFileSync(file, bytes);
      if (isFlushed) fdatasyncSync(file);
    } finally {
      closeSync(file);
    }
  },
  replace: (path, by) => renameSync(by, path),
};
