/** Asks for the disk that a step needs before the step begins. */
import { mkdirSync, statfsSync } from "node:fs";
import { palFolder } from "./paths.mjs";
import { SetupError } from "./run.mjs";

/** Free bytes where the checkout lies. */
export function freeDisk() {
  mkdirSync(palFolder, { recursive: true });
  const { bavail, bsize } = statfsSync(palFolder);
  return bavail * bsize;
}

/** @throws SetupError when less than `gibibytes` are free for `what` */
export function requireDisk(gibibytes, what, remedy) {
  const free = freeDisk() / 2 ** 30;
  if (free >= gibibytes) return;
  throw new SetupError(
    `expected ${gibibytes} GiB of free disk for ${what}, ` +
      `got ${free.toFixed(1)} GiB`,
    remedy,
  );
}
