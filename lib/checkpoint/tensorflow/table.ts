import crc32c from "crc-32/crc32c.js";
import { readBytes, type Source } from "../source.ts";
import { type Cursor, readSlice, readVarint } from "./wire.ts";

/** The last bytes of a sorted table of LevelDB, which TensorFlow writes. */
export const tableMark = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
/** Places of two blocks, filled up, and the mark. */
const footerBytes = 48;

/** An index has some fifty bytes for each tensor. */
const maxTable = 100_000_000; // bytes

/** Names repeat each other's beginnings, so a few bytes can promise many. */
const maxNames = 2 ** 27; // bytes, all together

export type Table = ReadonlyMap<string, Uint8Array>;

/** Whether a file ends as a sorted table does. */
export function isTable(tail: Uint8Array): boolean {
  const end = tail.subarray(-tableMark.length);
  return (
    end.length === tableMark.length &&
    tableMark.every((byte, i) => end[i] === byte)
  );
}

/**
 * The entries of a sorted table, each block compared with its checksum.
 *
 * @throws RangeError for a table that is none, is damaged or compressed
 */
export async function readTable(source: Source): Promise<Table> {
  const { name, size } = source;
  if (size < footerBytes || size > maxTable) {
    throw new RangeError(
      `readTable: expected ${footerBytes} to ${maxTable} bytes, ` +
        `got ${size} (${name})`,
    );
  }
  const bytes = await readBytes(source, 0, size);
  const where = name;
  const footer = { bytes: bytes.subarray(-footerBytes), at: 0, where };
  if (!isTable(footer.bytes)) {
    throw new RangeError(
      `readTable: expected a sorted table's last bytes, got others (${where}); ` +
        "the file may be cut short",
    );
  }
  const budget = { names: maxNames };
  const options = { budget, where };
  // What is told of the blocks: TensorFlow says nothing, but it must be whole.
  blockOf(bytes, readHandle(footer), options);
  const blocks = blockOf(bytes, readHandle(footer), options);
  const table = new Map<string, Uint8Array>();
  for (const [, value] of blocks) {
    const handle = readHandle({ bytes: value, at: 0, where });
    for (const [key, entry] of blockOf(bytes, handle, options)) {
      if (table.has(key)) {
        throw new RangeError(
          `readTable: expected each name once, got ` +
            `${JSON.stringify(key.slice(0, 80))} twice (${where})`,
        );
      }
      table.set(key, entry);
    }
  }
  return table;
}

interface Handle {
  readonly from: number;
  readonly length: number;
}

function readHandle(cursor: Cursor): Handle {
  return { from: readVarint(cursor), length: readVarint(cursor) };
}

interface BlockOptions {
  readonly budget: { names: number };
  readonly where: string;
}

/** The entries of a block; a name may begin as the one before it. */
function blockOf(
  file: Uint8Array,
  handle: Handle,
  { budget, where }: BlockOptions,
): (readonly [string, Uint8Array])[] {
  const bytes = checkedBlock(file, handle, where);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  // The places where names begin anew, for a search: the end is all they tell.
  const nRestarts =
    bytes.length < 4 ? -1 : view.getUint32(bytes.length - 4, true);
  const end = bytes.length - 4 * (nRestarts + 1);
  if (nRestarts < 0 || end < 0) throw badBlock("places of names", where);
  const cursor: Cursor = { bytes: bytes.subarray(0, end), at: 0, where };
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const entries: (readonly [string, Uint8Array])[] = [];
  let name: Uint8Array = new Uint8Array();
  while (cursor.at < end) {
    const shared = readVarint(cursor);
    const more = readVarint(cursor);
    const length = readVarint(cursor);
    budget.names -= shared + more;
    if (shared > name.length || budget.names < 0) {
      throw badBlock("names in order", where);
    }
    name = Buffer.concat([name.subarray(0, shared), readSlice(cursor, more)]);
    const value = readSlice(cursor, length);
    try {
      entries.push([text.decode(name), value]);
    } catch (cause) {
      throw badBlock("names in UTF-8", where, cause);
    }
  }
  return entries;
}

/** A block's bytes, which a byte of its kind and a checksum follow. */
function checkedBlock(
  file: Uint8Array,
  { from, length }: Handle,
  where: string,
): Uint8Array {
  const cursor: Cursor = {
    bytes: file,
    at: Math.min(from, file.length),
    where,
  };
  const bytes = readSlice(cursor, length);
  const [kind] = readSlice(cursor, 1);
  const sum = Buffer.from(readSlice(cursor, 4)).readUInt32LE();
  const found = masked(crc32c.buf(file.subarray(from, from + length + 1)));
  if (sum !== found) throw badBlock("its checksum", where);
  if (kind === 0) return bytes;
  throw badBlock("stored bytes and no compressed ones", where);
}

function badBlock(what: string, where: string, cause?: unknown): RangeError {
  return new RangeError(
    `readTable: expected a block with ${what}, got another (${where}); ` +
      "the file may be damaged",
    { cause },
  );
}

/** CRC-32C as LevelDB and TensorFlow keep it: turned and shifted. */
export function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
