import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/**
 * Does `work` while a folder's disk has room for so many bytes more: the write
 * that goes beyond them puts down what fits, and the next one is told ENOSPC,
 * as a disk does it.
 */
export async function onFullDisk<T>(
  folder: string,
  room: number,
  work: () => Promise<T>,
): Promise<T> {
  const { openSync, writeSync } = fs;
  const files = new Set<number>();
  let left = room;
  const open = (...args: Parameters<typeof openSync>) => {
    const file = openSync(...args);
    if (String(args[0]).startsWith(folder)) files.add(file);
    else files.delete(file);
    return file;
  };
  const write = (
    file: number,
    bytes: Uint8Array,
    from = 0,
    length = bytes.length - from,
  ) => {
    if (!files.has(file)) return writeSync(file, bytes, from, length);
    if (left <= 0) {
      const message = "ENOSPC: no space left on device, write";
      throw Object.assign(new Error(message), {
        ...{ code: "ENOSPC", errno: -28, syscall: "write" },
      });
    }
    const size = Math.min(left, length);
    left -= size;
    return writeSync(file, bytes, from, size);
  };
  Object.assign(fs, { openSync: open, writeSync: write });
  syncBuiltinESMExports();
  try {
    return await work();
  } finally {
    Object.assign(fs, { openSync, writeSync });
    syncBuiltinESMExports();
  }
}
