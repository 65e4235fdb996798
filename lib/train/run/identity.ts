import { createHash } from "node:crypto";

/** What a run is: whoever goes on with it must be the same in all of it. */
export interface Identity {
  readonly design: string;
  readonly stage: string;
  readonly scale: string;
  /** Of weights and order: the streams of chance are named by it. */
  readonly seed: number;
  /** The library's version. */
  readonly library: string;
  /** Hash of every size and setting. */
  readonly config: string;
  /** Hash of what is learned from. */
  readonly manifest: string;
}

/** sha256, in hex, of what JSON makes of a value, or of bytes. */
export function hashOf(value: unknown): string {
  const content =
    value instanceof Uint8Array ? value : (JSON.stringify(value) ?? "");
  return createHash("sha256").update(content).digest("hex");
}

/**
 * Refuses to go on with another run's files.
 *
 * @param where - the file that was found
 */
export function checkIdentity(
  wanted: Identity,
  found: unknown,
  where: string,
): void {
  const got = (found ?? {}) as Readonly<Record<string, unknown>>;
  for (const [field, value] of Object.entries(wanted)) {
    if (got[field] === value) continue;
    throw new RangeError(
      `train: expected a run with ${field} ${value}, got ${got[field]} ` +
        `(${where}); go on with what it was begun with, or choose another ` +
        "folder",
    );
  }
}
