import { crc32 } from "node:zlib";
import {
  type Entry,
  fromRandomAccessReaderPromise,
  RandomAccessReader,
  type ZipFile,
} from "yauzl";
import type { Source } from "../source.ts";

/** A stored file of a zip archive, by its directory. */
export interface ZipEntry {
  readonly name: string;
  /** CRC-32 of its bytes. */
  readonly checksum: number;
  readonly size: number; // bytes
  /** Where its bytes begin: after its own header, whose length varies. */
  readonly start: () => Promise<number>;
}

/** PyTorch writes a file a tensor; a hostile count costs no more than this. */
const maxEntries = 200_000;

/** Reads a source where yauzl asks for it. */
class SourceReader extends RandomAccessReader {
  private readonly source: Source;

  constructor(source: Source) {
    super();
    this.source = source;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.source
      .read(buffer.subarray(offset, offset + length), position)
      .then(() => callback(null), callback);
  }
}

/**
 * Files of a zip archive whose bytes are stored as they are.
 *
 * PyTorch stores and never compresses; a compressed or encrypted file is
 * refused, and so are files that overlap, so that no small archive can grow.
 */
export async function readZip(source: Source): Promise<Map<string, ZipEntry>> {
  const entries = new Map<string, ZipEntry>();
  try {
    const zip = await fromRandomAccessReaderPromise(
      new SourceReader(source),
      source.size,
      { autoClose: false },
    );
    if (zip.entryCount > maxEntries) {
      throw new RangeError(`more than ${maxEntries} files`);
    }
    let bytes = 0;
    for await (const entry of zip.eachEntry()) {
      const { fileName } = entry;
      if (entries.has(fileName)) throw new Error(`"${fileName}" twice`);
      bytes += entry.compressedSize;
      if (bytes > source.size) throw new Error("files that overlap");
      entries.set(fileName, storedEntry(zip, entry));
    }
  } catch (cause) {
    throw new RangeError(
      `readZip: expected a zip archive of stored files, ` +
        `got ${(cause as Error).message} (${source.name}); ` +
        "the file may be cut short: fetch it, or torch.save it, anew",
      { cause },
    );
  }
  return entries;
}

function storedEntry(zip: ZipFile, entry: Entry): ZipEntry {
  const { fileName, uncompressedSize } = entry;
  if (entry.isEncrypted() || entry.isCompressed()) {
    const kind = entry.isEncrypted() ? "an encrypted" : "a compressed";
    throw new Error(`${kind} one ("${fileName}")`);
  }
  return {
    name: fileName,
    checksum: entry.crc32,
    size: uncompressedSize,
    start: async () => {
      const header = await zip.readLocalFileHeaderPromise(entry, {
        minimal: true,
      });
      return header.fileDataStart;
    },
  };
}

/** Entries that have been read and found whole. */
const whole = new WeakSet<ZipEntry>();

/**
 * Where an entry's bytes begin.
 *
 * The first time, all bytes are read and compared with their checksum: yauzl
 * leaves that to its caller.
 */
export async function locate(source: Source, entry: ZipEntry): Promise<number> {
  const at = await entry.start().catch((cause: Error) => {
    throw new RangeError(
      `locate: expected "${entry.name}" of ${entry.size} bytes, ` +
        `got ${cause.message} (${source.name}); the archive may be cut short`,
      { cause },
    );
  });
  if (!whole.has(entry)) await checkBytes(source, at, entry);
  whole.add(entry);
  return at;
}

/** Bytes checked at a time. */
const pieceBytes = 1 << 20;

async function checkBytes(
  source: Source,
  at: number,
  { checksum, name, size }: ZipEntry,
): Promise<void> {
  const piece = new Uint8Array(Math.min(size, pieceBytes));
  let found = 0;
  for (let done = 0; done < size; done += pieceBytes) {
    const part = piece.subarray(0, Math.min(pieceBytes, size - done));
    await source.read(part, at + done);
    found = crc32(part, found);
  }
  if (found === checksum) return;
  throw new Error(
    `locate: expected bytes of CRC-32 ${hex(checksum)} in "${name}", ` +
      `got ${hex(found)} (${source.name}); the file is damaged, or was saved ` +
      "without checksums: fetch it, or torch.save it, anew",
  );
}

const hex = (checksum: number) => checksum.toString(16).padStart(8, "0");
