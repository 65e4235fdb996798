import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openGguf } from "../../../lib/checkpoint/gguf/gguf.ts";
import { memorySource } from "../../../lib/checkpoint/source.ts";
import { fixtures } from "../support.ts";

/** A value of a header: its kind as the format numbers them, and its bytes. */
type Field = readonly [key: string, kind: number, value: Uint8Array];

/** A tensor: its rows' length first, as the format has it. */
export interface StoredTensor {
  readonly name: string;
  readonly axes: readonly number[];
  readonly type: number;
  readonly data: Uint8Array;
  /** Where the header says that it is; where it is unless given. */
  readonly from?: number;
}

export function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function u64(value: number | bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

export function f32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

export const text = (value: string): Uint8Array =>
  Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);

/** The bytes of a list of one kind of values. */
export const list = (kind: number, values: readonly Uint8Array[]) =>
  Buffer.concat([u32(kind), u64(values.length), ...values]);

/** Fields as text, whole numbers or fractions by what they are. */
export const field = (key: string, value: string | number): Field => {
  if (typeof value === "string") return [key, 8, text(value)];
  return Number.isInteger(value) ? [key, 4, u32(value)] : [key, 6, f32(value)];
};

const align = 32;
const filled = (bytes: Uint8Array) =>
  Buffer.concat([
    bytes,
    Buffer.alloc((align - (bytes.length % align)) % align),
  ]);

/** A GGUF file of these parts. */
export function ggufOf(
  fields: readonly Field[],
  tensors: readonly StoredTensor[] = [],
  {
    version = 3,
    counts = [tensors.length, fields.length],
  }: { version?: number; counts?: readonly (number | bigint)[] } = {},
): Buffer {
  let at = 0;
  const data = tensors.map((tensor) => filled(tensor.data));
  const infos = tensors.map(({ axes, from, name, type }, i) => {
    const offset = from ?? at;
    at += data[i].length;
    const sizes = [u32(axes.length), ...axes.map(u64)];
    return Buffer.concat([text(name), ...sizes, u32(type), u64(offset)]);
  });
  const header = Buffer.concat([
    Buffer.from("GGUF"),
    u32(version),
    ...counts.map(u64),
    ...fields.flatMap(([key, kind, value]) => [text(key), u32(kind), value]),
    ...infos,
  ]);
  return Buffer.concat([filled(header), ...data]);
}

export const open = (bytes: Uint8Array) =>
  openGguf(memorySource(Uint8Array.from(bytes), "test.gguf"));

export const fixture = (name: string): Buffer =>
  readFileSync(join(fixtures, "gguf", name));
