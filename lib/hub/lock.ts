import {
  link,
  open,
  readFile,
  rename,
  rm,
  stat,
  utimes,
} from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

export interface LockOptions {
  readonly signal?: AbortSignal;
  /** Called once when another process has the lock. */
  readonly onWait?: () => void;
  /** Milliseconds without a sign of life after which a lock is taken over. */
  readonly stale?: number;
}

/**
 * Does `work` while no other process does, by a lock file.
 *
 * The holder touches the file; one that died, on this machine or another, is
 * found out and its lock removed.
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const { onWait, signal, stale = 30_000 } = options;
  let isTold = false;
  while (!(await take(path))) {
    signal?.throwIfAborted();
    if (await isAbandoned(path, stale)) {
      await removeAbandoned(path, stale);
      continue;
    }
    if (!isTold) onWait?.();
    isTold = true;
    await sleep(200, undefined, signal ? { signal } : {});
  }
  const touch = () => {
    const now = new Date();
    utimes(path, now, now).catch(() => {}); // the next touch may succeed
  };
  const timer = setInterval(touch, stale / 4);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    await file.writeFile(`${process.pid} ${hostname()}`);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Of several that find a lock abandoned, one takes it away. */
async function removeAbandoned(path: string, stale: number): Promise<void> {
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  // Another may have been quicker, and this be its new lock: put it back.
  if (!(await isAbandoned(aside, stale))) await link(aside, path);
  await rm(aside, { force: true });
}

async function isAbandoned(path: string, stale: number): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > stale) return true;
    const [pid, host] = (await readFile(path, "utf8")).split(" ");
    return host === hostname() && !isAlive(Number(pid));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Another user's process may not be signaled, but it lives.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
