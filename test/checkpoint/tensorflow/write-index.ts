import crc32c from "crc-32/crc32c.js";
import { masked, tableMark } from "../../../lib/checkpoint/tensorflow/table.ts";
import * as proto from "../../../lib/files/proto.ts";

export type Entries = readonly (readonly [name: string, value: Uint8Array])[];

/** A number, seven bits a byte. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push((rest % 128) | (rest >= 128 ? 128 : 0));
    if (rest < 128) return Uint8Array.from(bytes);
  }
}

/** Four bytes, the least first. */
function word(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** A block with its kind and checksum; each name whole, or as it says. */
function block(entries: Entries, kind = 0, shared = 0): Uint8Array {
  const rows = entries.map(([name, value]) => {
    const text = Buffer.from(name);
    const sizes = [shared, text.length, value.length].map(varint);
    return Buffer.concat([...sizes, text, value]);
  });
  const body = Buffer.concat([...rows, word(0), word(1), Buffer.of(kind)]);
  return Buffer.concat([body, word(masked(crc32c.buf(body)))]);
}

const trailer = 5; // bytes of kind and checksum

/** A sorted table of one block, as TensorFlow writes small ones. */
export function tableOf(
  entries: Entries,
  { kind = 0, shared = 0 }: { kind?: number; shared?: number } = {},
): Uint8Array {
  const data = block(entries, kind, shared);
  const empty = block([]);
  const handle = (from: number, whole: Uint8Array) =>
    Buffer.concat([varint(from), varint(whole.length - trailer)]);
  const index = block([["zz", handle(0, data)]]);
  const places = Buffer.concat([
    handle(data.length, empty),
    handle(data.length + empty.length, index),
  ]);
  const footer = Buffer.alloc(48);
  footer.set(places);
  footer.set(tableMark, 40);
  return Buffer.concat([data, empty, index, footer]);
}

/** A header for so many files of numbers. */
export const headerOf = (nShards = 1, endian = 0) =>
  Buffer.concat([proto.integer(1, nShards), proto.integer(2, endian)]);

export interface Written {
  readonly type: number;
  readonly shape: readonly number[];
  readonly shard?: number;
  readonly offset?: number;
  readonly bytes: Uint8Array;
  /** Fields besides. */
  readonly more?: readonly Uint8Array[];
}

/** An entry for numbers that lie in a file. */
export function entryOf(written: Written): Uint8Array {
  const { bytes, more = [], offset = 0, shape, shard = 0, type } = written;
  const sum = word(masked(crc32c.buf(bytes)));
  return Buffer.concat([
    proto.integer(1, type),
    proto.message(
      2,
      shape.map((n) => proto.message(2, [proto.integer(1, n)])),
    ),
    proto.integer(3, shard),
    proto.integer(4, offset),
    proto.integer(5, bytes.length),
    Buffer.concat([Buffer.of((6 << 3) | 5), sum]),
    ...more,
  ]);
}
