import { open, stat } from "node:fs/promises";
import { decodeLimits, tooLarge } from "./check.ts";
import {
  type DecodedAudio,
  type DecodeOptions,
  decodeAudio,
} from "./decode.ts";

/**
 * Decodes an audio file; see `decodeAudio`.
 *
 * Reads at most `limits.maxBytes`: with `first`, the beginning of a larger
 * file is enough.
 */
export async function readAudio(
  path: string,
  options: Omit<DecodeOptions, "name" | "fileLength"> = {},
): Promise<DecodedAudio> {
  const maxBytes = options.limits?.maxBytes ?? decodeLimits.maxBytes;
  const { bytes, fileLength } = await readBeginning(path, {
    maxBytes,
    mayBePart: options.first !== undefined,
  });
  return decodeAudio(bytes, { ...options, name: path, fileLength });
}

async function readBeginning(
  path: string,
  { maxBytes, mayBePart }: { maxBytes: number; mayBePart: boolean },
): Promise<{ bytes: Uint8Array; fileLength: number }> {
  // Asked by name first: opening a pipe would wait for its writer.
  const found = await stat(path).catch(unreadable);
  if (!found.isFile()) {
    throw new TypeError(
      `readAudio: expected a file, got a folder or device (${path})`,
    );
  }
  if (found.size > maxBytes && !mayBePart) {
    throw tooLarge(found.size, maxBytes);
  }
  const file = await open(path).catch(unreadable);
  try {
    const bytes = new Uint8Array(Math.min(found.size, maxBytes));
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length);
      if (bytesRead === 0) break; // the file shrank meanwhile
      length += bytesRead;
    }
    return { bytes: bytes.subarray(0, length), fileLength: found.size };
  } finally {
    await file.close();
  }
}

function unreadable(cause: Error): never {
  throw new Error(
    `readAudio: expected a file that opens, got "${cause.message}"`,
    { cause },
  );
}
