import { type FileHandle, open, rm, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { tryLock } from "./hold.ts";

export interface LockOptions {
  readonly signal?: AbortSignal;
  /** Called once when another process has the lock; throws not to wait. */
  readonly onWait?: () => void;
}

/**
 * Does `work` while no other process does, by a lock file.
 *
 * The system holds the lock and lets go of it when its process ends, however
 * that ends; a file that was left behind locks nothing.
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  { onWait, signal }: LockOptions = {},
): Promise<T> {
  let isTold = false;
  while (true) {
    signal?.throwIfAborted();
    const file = await open(path, "a");
    try {
      if (tryLock(file.fd)) {
        if (!(await isAt(file, path))) continue;
        return await work().finally(() => rm(path, { force: true }));
      }
    } finally {
      await file.close();
    }
    if (!isTold) onWait?.();
    isTold = true;
    await sleep(200, undefined, signal ? { signal } : {});
  }
}

/** False for a file that its holder removed after it was opened here. */
async function isAt(file: FileHandle, path: string): Promise<boolean> {
  const { ino } = await file.stat();
  return stat(path).then(
    (there) => there.ino === ino,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
}
