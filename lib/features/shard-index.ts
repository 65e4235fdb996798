import { crc32 } from "node:zlib";
import { idBytes } from "./key.ts";

/** Where an entry lies in its shard, and the checksum of its bytes. */
export interface Row {
  readonly id: Buffer;
  readonly offset: number; // bytes
  readonly length: number; // bytes
  readonly checksum: number;
}

/** The entries of a shard that are whole. */
export interface ShardIndex {
  /** Whether the writer is done with the shard. */
  readonly isSealed: boolean;
  /** What computed the entries: a shard has one writer, a writer one engine. */
  readonly engine: string;
  readonly nRows: number;
  /** Rows as they lie in the file: compact, as there may be millions. */
  readonly rows: Buffer;
}

/**
 * Most entries of a shard: the index is written anew with each publication.
 */
export const maxRows = 1024;
/** Bytes of a row: name, offset, length, checksum. */
export const rowBytes = idBytes + 3 * 4;

const magic = Buffer.from("PALFEAT2");
const headBytes = magic.length + 4 * 4;

/** Checksum of an entry; its name is part of it, so no other can stand in. */
export function checksumOf(id: Uint8Array, bytes: Uint8Array): number {
  return crc32(bytes, crc32(id));
}

/** Writes a row to its place. */
export function setRow(rows: Buffer, at: number, row: Row): void {
  const start = at * rowBytes;
  row.id.copy(rows, start);
  rows.writeUInt32LE(row.offset, start + idBytes);
  rows.writeUInt32LE(row.length, start + idBytes + 4);
  rows.writeUInt32LE(row.checksum, start + idBytes + 8);
}

/** Row number `at`. */
export function getRow({ rows }: ShardIndex, at: number): Row {
  const start = at * rowBytes;
  return {
    id: rows.subarray(start, start + idBytes),
    offset: rows.readUInt32LE(start + idBytes),
    length: rows.readUInt32LE(start + idBytes + 4),
    checksum: rows.readUInt32LE(start + idBytes + 8),
  };
}

/** The index as a file: magic, checksum, sealed, counts, engine, rows. */
export function encodeIndex(index: ShardIndex): Buffer {
  const { isSealed, nRows, rows } = index;
  const engine = Buffer.from(index.engine);
  const used = rows.subarray(0, nRows * rowBytes);
  const file = Buffer.concat([Buffer.alloc(headBytes), engine, used]);
  magic.copy(file);
  const body = file.subarray(magic.length + 4);
  body.writeUInt32LE(isSealed ? 1 : 0);
  body.writeUInt32LE(nRows, 4);
  body.writeUInt32LE(engine.length, 8);
  file.writeUInt32LE(crc32(body), magic.length);
  return file;
}

/** Reads an index file; one that is not whole is refused. */
export function decodeIndex(file: Buffer): ShardIndex {
  if (!file.subarray(0, magic.length).equals(magic)) {
    throw new RangeError(
      `decodeIndex: expected ${magic} at the start, ` +
        `got ${JSON.stringify(file.toString("latin1", 0, magic.length))}`,
    );
  }
  const body = file.subarray(magic.length + 4);
  const isWhole =
    file.length >= headBytes && file.readUInt32LE(magic.length) === crc32(body);
  if (!isWhole) {
    throw new RangeError(
      `decodeIndex: expected a whole index, ` +
        `got ${file.length} bytes that do not match their checksum`,
    );
  }
  const [isSealed, nRows, length] = [0, 4, 8].map((at) =>
    body.readUInt32LE(at),
  );
  const texts = body.subarray(3 * 4);
  return {
    isSealed: isSealed === 1,
    engine: texts.toString("utf8", 0, length),
    nRows,
    rows: texts.subarray(length, length + nRows * rowBytes),
  };
}
