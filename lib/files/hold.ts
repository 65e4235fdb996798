import { closeSync, openSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** What is used of fs-native-extensions, which has no types of its own. */
interface Native {
  /** False where another handle, of this process or not, has the lock. */
  tryLock(fd: number): boolean;
}

/** Locks an open file where nobody has it; loads the library at its first call. */
export function tryLock(fd: number): boolean {
  return (require("fs-native-extensions") as Native).tryLock(fd);
}

/**
 * Keeps a folder for this process, by a lock file in it that stays.
 *
 * The system lets go of it when the process ends, however that ends; the file
 * that is left locks nothing.
 *
 * @param path - the lock file, made if it is not there
 * @returns lets go, or undefined where somebody else has it
 */
export function hold(path: string): (() => void) | undefined {
  const file = openSync(path, "a");
  try {
    if (tryLock(file)) return () => closeSync(file);
  } catch (error) {
    closeSync(file);
    throw error;
  }
  closeSync(file);
  return undefined;
}
