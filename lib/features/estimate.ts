import { statfs } from "node:fs/promises";
import { bytesInWords } from "../files/bytes.ts";
import { bytesOf, type Precision } from "./half.ts";
import { rowBytes } from "./shard-index.ts";

/** Sizes of an encoder's features. */
export interface FeatureShape {
  readonly name: string;
  readonly grid: { readonly steps: number; readonly bands: number };
  /** Numbers in each cell. */
  readonly width: number;
}

export interface DiskNeed {
  readonly precision: Precision;
  readonly nClips: number;
  /** Bytes that one clip takes, by all encoders. */
  readonly bytesPerClip: number;
  readonly bytes: number;
}

export interface DiskEstimate extends DiskNeed {
  readonly freeBytes: number;
  readonly fits: boolean;
  /** The estimate in words, with what to do where it does not fit. */
  readonly line: string;
}

/** Numbers in the features of one clip. */
export function nNumbers({ grid, width }: Omit<FeatureShape, "name">): number {
  return grid.steps * grid.bands * width;
}

/** Disk that stored features take: clips x cells x width x bytes, and rows. */
export function diskNeed(
  nClips: number,
  encoders: readonly FeatureShape[],
  precision: Precision,
): DiskNeed {
  if (!(Number.isInteger(nClips) && nClips >= 0)) {
    throw new RangeError(`diskNeed: expected a number of clips, got ${nClips}`);
  }
  const bytesPerClip = encoders.reduce(
    (sum, shape) => sum + nNumbers(shape) * bytesOf[precision] + rowBytes,
    0,
  );
  return { precision, nClips, bytesPerClip, bytes: nClips * bytesPerClip };
}

/** Disk that stored features take beside what is free in a folder. */
export async function estimateDisk(
  folder: string,
  need: DiskNeed,
): Promise<DiskEstimate> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  const fits = need.bytes <= freeBytes;
  return { ...need, freeBytes, fits, line: estimateLine(need, freeBytes) };
}

/** An estimate in words. */
export function estimateLine(
  { bytes, bytesPerClip, nClips, precision }: DiskNeed,
  freeBytes: number,
): string {
  const sum =
    `features of ${nClips.toLocaleString("en-US")} clips in ${precision} ` +
    `take ${bytesInWords(bytes)} (${bytesInWords(bytesPerClip)} a clip), ` +
    `${bytesInWords(freeBytes)} are free`;
  if (bytes <= freeBytes) return sum;
  return (
    `${sum}; take fewer clips or another disk, or store "none" to encode ` +
    "anew each time they are needed"
  );
}
