import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { type CropOptions, crop, sharedCrop } from "../audio/crop.ts";
import { type DecodeLimits, decodeLimits } from "../audio/decode/check.ts";
import { type DecodeOptions, decodeAudio } from "../audio/decode/decode.ts";
import { resample } from "../audio/resample.ts";

/** An audio file: the hash of all its bytes, and those that are decoded. */
export interface ClipFile {
  readonly path: string;
  /** SHA-256 in hex. */
  readonly audio: string;
  /** The beginning: all of it, but for a file beyond the limit. */
  readonly bytes: Uint8Array;
  readonly fileLength: number;
}

/** What may be set about decoding; it changes which files are refused only. */
export type ClipOptions = Pick<
  DecodeOptions,
  "acceptCutShort" | "acceptDamaged" | "limits"
>;

const pieceBytes = 1 << 20;

/**
 * Reads and hashes a file in one pass.
 *
 * What is decoded is what was hashed, even if the file changes meanwhile: the
 * features of one sound are never stored under the name of another.
 */
export async function readClip(
  path: string,
  { limits }: { readonly limits?: Partial<DecodeLimits> } = {},
): Promise<ClipFile> {
  const maxBytes = limits?.maxBytes ?? decodeLimits.maxBytes;
  // Asked by name first: opening a pipe would wait for its writer.
  const found = await stat(path).catch(unreadable);
  if (!found.isFile()) {
    throw new TypeError(
      `readClip: expected a file, got a folder or device (${path})`,
    );
  }
  const file = await open(path).catch(unreadable);
  try {
    const hash = createHash("sha256");
    const kept = new Uint8Array(Math.min(found.size, maxBytes));
    const rest = new Uint8Array(found.size > maxBytes ? pieceBytes : 0);
    let fileLength = 0;
    while (fileLength < found.size) {
      const isKept = fileLength < kept.length;
      const target = isKept ? kept.subarray(fileLength) : rest;
      const length = Math.min(target.length, found.size - fileLength);
      const { bytesRead } = await file.read(target, 0, length);
      if (bytesRead === 0) break; // the file shrank meanwhile
      hash.update(target.subarray(0, bytesRead));
      fileLength += bytesRead;
    }
    const bytes = kept.subarray(0, fileLength);
    return { path, audio: hash.digest("hex"), bytes, fileLength };
  } finally {
    await file.close();
  }
}

/** The samples of a clip as an encoder takes them. */
export async function samplesOf(
  { bytes, fileLength, path }: ClipFile,
  to: number,
  options: ClipOptions & { readonly cropping?: CropOptions } = {},
): Promise<Float32Array> {
  const { cropping = sharedCrop, ...decoding } = options;
  const first = cropping.from + cropping.seconds;
  const { sampleRate, samples } = await decodeAudio(bytes, {
    ...decoding,
    name: path,
    first,
    fileLength,
  });
  return resample(crop(samples, sampleRate, cropping), sampleRate, { to });
}

function unreadable(cause: Error): never {
  throw new Error(
    `readClip: expected a file that opens, got "${cause.message}"`,
    { cause },
  );
}
