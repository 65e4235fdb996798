import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Entry, openPromise, type ZipFile } from "yauzl";

/**
 * Takes some files out of a zip archive, such as a wheel.
 *
 * Lengths are checked against the archive's directory; whether the archive is
 * the one meant, its hash must have said before.
 *
 * @param members - paths in the archive, by the names that they get in `folder`
 * @throws Error for an archive that can not be read, or has not all of them
 */
export async function unpack(
  archive: string,
  members: Readonly<Record<string, string>>,
  folder: string,
): Promise<void> {
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(archive, { autoClose: false });
    const entries = new Map<string, Entry>();
    for await (const entry of zip.eachEntry()) {
      entries.set(entry.fileName, entry);
    }
    for (const [name, member] of Object.entries(members)) {
      const entry = entries.get(member);
      if (!entry) throw new Error(`no "${member}"`);
      const target = join(folder, name);
      await mkdir(dirname(target), { recursive: true });
      const stream = await zip.openReadStreamPromise(entry);
      await pipeline(stream, createWriteStream(target));
    }
  } catch (cause) {
    throw new Error(
      `unpack: expected a zip archive with ` +
        `${Object.values(members).join(", ")}, ` +
        `got ${(cause as Error).message} (${archive})`,
      { cause },
    );
  } finally {
    zip?.close();
  }
}
