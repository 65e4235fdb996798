import { createHash } from "node:crypto";
import { type Entry, openPromise, type ZipFile } from "yauzl";

/** A file within a wheel, which must be this one and no other. */
export interface PinnedEntry {
  /** Its path within the wheel. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The bytes of a file in a wheel, which is a zip archive. */
export async function readFromWheel(
  path: string,
  { bytes, file, sha256 }: PinnedEntry,
): Promise<Uint8Array<ArrayBuffer>> {
  const zip = await openPromise(path, { autoClose: false });
  try {
    const entry = await entryNamed(zip, file);
    const size = entry?.uncompressedSize;
    if (!entry || size !== bytes) {
      throw new Error(
        `readFromWheel: expected ${file} of ${bytes} bytes, ` +
          `got ${size ?? "none"} (${path})`,
      );
    }
    const content = new Uint8Array(bytes);
    const hash = createHash("sha256");
    let done = 0;
    // Ends with an error where there are more bytes than announced.
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      hash.update(chunk);
      content.set(chunk, done);
      done += chunk.length;
    }
    const found = hash.digest("hex");
    if (done === bytes && found === sha256) return content;
    throw new Error(
      `readFromWheel: expected sha256 ${sha256} of ${file}, ` +
        `got ${found} of ${done} bytes (${path})`,
    );
  } finally {
    zip.close();
  }
}

async function entryNamed(
  zip: ZipFile,
  name: string,
): Promise<Entry | undefined> {
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName === name) return entry;
  }
  return undefined;
}
