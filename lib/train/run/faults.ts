import { statfsSync } from "node:fs";
import { outOfMemory } from "../../engine/out-of-memory.ts";
import { bytesInWords } from "../../files/bytes.ts";
import { diskFullCode } from "../../files/disk-full.ts";

/**
 * A run that was asked to stop, and has saved where it stands.
 *
 * By its name a notebook shows it without a trace.
 */
export class Stopped extends Error {
  override readonly name = "Interrupted";
}

/** How a run that was stopped is gone on with, in a terminal or a cell. */
export const goOnAgain = "run the same again to go on from there";

/** @throws Stopped where the signal says so */
export function checkSignal(
  signal: AbortSignal | undefined,
  where: string,
): void {
  if (!signal?.aborted) return;
  throw new Stopped(`train: stopped ${where}; ${goOnAgain}`, {
    cause: signal.reason,
  });
}

/** What helps where memory or disk is short. */
export interface Remedies {
  readonly folder: string;
  /** Which settings to lower where memory is short. */
  readonly lighter: string;
  /** What a checkpoint takes. */
  readonly bytes: number;
}

/** Work in memory; where that does not suffice, what to lower is named. */
export async function inMemory<T>(
  work: () => Promise<T>,
  { folder, lighter }: Remedies,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const words = outOfMemory(error);
    if (words === undefined) throw error;
    throw new Error(
      `train: expected memory for a step, got "${words}"; ${lighter}; what ` +
        `was saved stays in ${folder}`,
      { cause: error },
    );
  }
}

/** Work that writes; where the disk is full, what to free is named. */
export function onDisk<T>(work: () => T, { bytes, folder }: Remedies): T {
  try {
    return work();
  } catch (error) {
    const code = diskFullCode(error);
    if (code === undefined) throw error;
    const { bavail, bsize } = statfsSync(folder);
    throw new Error(
      `train: expected room for ${bytesInWords(bytes)} in ${folder}, got ` +
        `${code}: the disk is full, ${bytesInWords(bavail * bsize)} are free; ` +
        "free some: of a run, step-*.safetensors of stages that are done and " +
        "*.damaged can go; what was saved before stays whole, and the same " +
        "again goes on from there",
      { cause: error },
    );
  }
}
