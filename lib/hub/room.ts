import { statfs } from "node:fs/promises";

/** Room that a download leaves free for everything else. */
const reserve = 64 * 2 ** 20; // bytes

/**
 * Refuses to begin what would fill the disk.
 *
 * @param freeBytes - of a folder's disk; the system's own answer unless given
 */
export async function requireRoom(
  caller: string,
  { bytes, folder }: { readonly bytes: number; readonly folder: string },
  freeBytes: (folder: string) => Promise<number> = systemFreeBytes,
): Promise<void> {
  const needed = bytes + reserve;
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
