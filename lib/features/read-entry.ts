import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { OpenFiles } from "./open-files.ts";
import { checksumOf } from "./shard-index.ts";
import { dataSuffix, type Place } from "./shard-writer.ts";

/** An entry that is not what was written. */
export class Damage extends Error {}

/** Reads the entries of a folder; ones that are damaged are refused. */
export class EntryReader {
  readonly #folder: string;
  readonly #files = new OpenFiles();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The bytes of an entry, checked. */
  async read(place: Place): Promise<Uint8Array<ArrayBuffer>> {
    const path = join(this.#folder, place.shard + dataSuffix);
    try {
      return await this.#files.use(path, (file) => readFrom(file, place));
    } catch (error) {
      const isLost = (error as NodeJS.ErrnoException).code === "ENOENT";
      throw isLost ? damaged(place, "no file", error) : error;
    }
  }

  close(): Promise<void> {
    return this.#files.close();
  }
}

async function readFrom(
  file: FileHandle,
  place: Place,
): Promise<Uint8Array<ArrayBuffer>> {
  const { checksum, id, length, offset } = place.written;
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const position = offset + done;
    const { bytesRead } = await file.read(bytes, { offset: done, position });
    if (bytesRead === 0) throw damaged(place, `the end after ${done} bytes`);
    done += bytesRead;
  }
  const found = checksumOf(id, bytes);
  if (found === checksum) return bytes;
  throw damaged(place, `bytes of checksum ${found}`);
}

function damaged(
  { shard, written }: Place,
  got: string,
  cause?: unknown,
): Damage {
  const { checksum, length, offset } = written;
  return new Damage(
    `read: expected ${length} bytes of checksum ${checksum} at ${offset}, ` +
      `got ${got} (${shard}${dataSuffix}); the entry is damaged and is to be ` +
      "computed again",
    { cause },
  );
}
