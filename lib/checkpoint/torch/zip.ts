import { crc32 } from "node:zlib";
import { readBytes, type Source } from "../source.ts";

/** A stored file of a zip archive, by its directory. */
export interface ZipEntry {
  readonly name: string;
  /** CRC-32 of its bytes. */
  readonly checksum: number;
  /** Where its own header is; its bytes come after that. */
  readonly local: number;
  readonly size: number; // bytes
}

const endMark = 0x06054b50;
const end64Mark = 0x06064b50;
const locator64Mark = 0x07064b50;
const entryMark = 0x02014b50;
const localMark = 0x04034b50;

/** The longest tail that can hold the end record: it may have a comment. */
const maxTail = 22 + 0xffff;
/** PyTorch writes a file a tensor; this is room for 100,000. */
const maxDirectory = 1 << 24; // bytes

/**
 * Files of a zip archive whose bytes are stored as they are.
 *
 * PyTorch stores and never compresses; a compressed or encrypted file is
 * refused, so that no small archive can grow.
 */
export async function readZip(source: Source): Promise<Map<string, ZipEntry>> {
  const { at, count, size } = await findDirectory(source);
  if (size > maxDirectory || at + size > source.size) {
    throw new RangeError(
      `readZip: expected a directory within ${source.size} bytes, ` +
        `got ${size} from ${at} on (${source.name})`,
    );
  }
  const view = viewOf(await readBytes(source, at, size));
  const entries = new Map<string, ZipEntry>();
  let from = 0;
  for (let i = 0; i < count; i++) {
    const { entry, length } = readEntry(view, from, source);
    from += length;
    if (entries.has(entry.name)) {
      throw new RangeError(
        `readZip: expected each name once, got "${entry.name}" twice ` +
          `(${source.name})`,
      );
    }
    entries.set(entry.name, entry);
  }
  return entries;
}

/** The end record names the directory; in a large archive another one does. */
async function findDirectory(source: Source) {
  const length = Math.min(source.size, maxTail);
  const start = source.size - length;
  const view = viewOf(await readBytes(source, start, length));
  let end = length - 22;
  while (end >= 0 && view.getUint32(end, true) !== endMark) end--;
  if (end < 0) {
    throw new RangeError(
      `readZip: expected the end of a zip archive, got none ` +
        `(${source.name}); the file may be cut short`,
    );
  }
  const isLarge = end >= 20 && view.getUint32(end - 20, true) === locator64Mark;
  if (isLarge) {
    return readLargeEnd(source, longAt(view, end - 12, source));
  }
  return {
    count: view.getUint16(end + 10, true),
    size: view.getUint32(end + 12, true),
    at: view.getUint32(end + 16, true),
  };
}

async function readLargeEnd(source: Source, at: number) {
  const view = viewOf(await readBytes(source, at, 56));
  if (view.getUint32(0, true) !== end64Mark) {
    throw new RangeError(
      `readZip: expected a zip64 end record at ${at}, got none ` +
        `(${source.name})`,
    );
  }
  return {
    count: longAt(view, 32, source),
    size: longAt(view, 40, source),
    at: longAt(view, 48, source),
  };
}

function readEntry(view: DataView, at: number, source: Source) {
  const isWhole = at + 46 <= view.byteLength;
  if (!isWhole || view.getUint32(at, true) !== entryMark) {
    throw new RangeError(
      `readZip: expected an entry at ${at} of the directory, got none ` +
        `(${source.name})`,
    );
  }
  const nameLength = view.getUint16(at + 28, true);
  const extraLength = view.getUint16(at + 30, true);
  const length = 46 + nameLength + extraLength + view.getUint16(at + 32, true);
  if (at + length > view.byteLength) {
    throw new RangeError(
      `readZip: expected an entry of ${length} bytes at ${at}, ` +
        `got a directory of ${view.byteLength} (${source.name})`,
    );
  }
  const bytes = new Uint8Array(view.buffer, at + 46, nameLength);
  const name = new TextDecoder().decode(bytes);
  const isEncrypted = (view.getUint16(at + 8, true) & 1) !== 0;
  const method = view.getUint16(at + 10, true);
  if (isEncrypted || method !== 0) {
    throw new RangeError(
      `readZip: expected stored files, got a ` +
        `${isEncrypted ? "encrypted" : "compressed"} one ("${name}", ` +
        `${source.name}); save the checkpoint anew with torch.save`,
    );
  }
  const large = readLargeFields(view, at, source);
  const checksum = view.getUint32(at + 16, true);
  return { length, entry: { name, checksum, ...large } };
}

/** Sizes and offset; 0xffffffff sends the reader to the extra field. */
function readLargeFields(view: DataView, at: number, source: Source) {
  const unpacked = view.getUint32(at + 24, true);
  const packed = view.getUint32(at + 20, true);
  const local = view.getUint32(at + 42, true);
  const nameLength = view.getUint16(at + 28, true);
  const extra = at + 46 + nameLength;
  const end = extra + view.getUint16(at + 30, true);
  let next = extra;
  while (next + 4 <= end && view.getUint16(next, true) !== 1) {
    next += 4 + view.getUint16(next + 2, true);
  }
  next += 4;
  const wide = (value: number) => {
    if (value !== 0xffffffff) return value;
    if (next + 8 > end) {
      throw new RangeError(
        `readZip: expected a zip64 field at ${extra} of the directory, ` +
          `got none (${source.name})`,
      );
    }
    next += 8;
    return longAt(view, next - 8, source);
  };
  const size = wide(unpacked);
  const stored = wide(packed);
  if (size !== stored) {
    throw new RangeError(
      `readZip: expected as many bytes stored as unpacked, ` +
        `got ${stored} and ${size} (${source.name})`,
    );
  }
  return { size, local: wide(local) };
}

/** Entries that have been read and found whole. */
const whole = new WeakSet<ZipEntry>();

/**
 * Where an entry's bytes begin: after its own header, whose length varies.
 *
 * The first time, all bytes are read and compared with their checksum.
 */
export async function locate(source: Source, entry: ZipEntry): Promise<number> {
  const { local, size } = entry;
  const view = viewOf(await readBytes(source, local, 30));
  const at = local + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  const isHeader = view.getUint32(0, true) === localMark;
  if (!isHeader || at + size > source.size) {
    throw new RangeError(
      `locate: expected a file of ${size} bytes at ${local}, ` +
        `got none (${source.name}); the archive may be cut short`,
    );
  }
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

function longAt(view: DataView, at: number, { name }: Source): number {
  const value = Number(view.getBigUint64(at, true));
  if (Number.isSafeInteger(value)) return value;
  throw new RangeError(
    `readZip: expected sizes below 2^53, got ${value} (${name})`,
  );
}

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(bytes.buffer);
}
