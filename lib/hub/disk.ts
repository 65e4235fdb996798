import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { sizeOf } from "./download.ts";
import type { HubFile } from "./repository.ts";

/** Room that a download leaves free for everything else. */
const reserve = 64 * 2 ** 20; // bytes

export interface CheckOptions {
  readonly folder: string;
  /** Files that are to come; parts of them may be there. */
  readonly missing: readonly HubFile[];
  /** Bytes that are made besides; none unless given. */
  readonly besides?: number;
  /** Free bytes of a folder's disk; the system's own answer unless given. */
  readonly freeBytes?: (folder: string) => Promise<number>;
}

/** Refuses a download for which the disk has no room. */
export async function checkDisk(
  caller: string,
  { besides = 0, folder, freeBytes = systemFreeBytes, missing }: CheckOptions,
): Promise<void> {
  let needed = besides;
  for (const { path, size } of missing) {
    needed += size - ((await sizeOf(join(folder, `${path}.part`))) ?? 0);
  }
  if (missing.length > 0 || besides > 0) needed += reserve;
  const free = await freeBytes(folder);
  if (free >= needed) return;
  throw new Error(
    `${caller}: expected ${needed} free bytes, got ${free} (${folder}); ` +
      "make room or set PAL_CACHE to a folder on another disk",
  );
}

async function systemFreeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
