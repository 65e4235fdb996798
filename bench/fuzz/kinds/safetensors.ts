import type { StoredTensor } from "../../../lib/checkpoint/checkpoint.ts";
import { openSafetensors } from "../../../lib/checkpoint/safetensors.ts";
import { memorySource } from "../../../lib/checkpoint/source.ts";
import type { Random } from "../../../lib/tensor/random.ts";
import { damageBytes, damageText } from "../damage.ts";
import type { Kind } from "../kind.ts";
import { fixture } from "./fixtures.ts";
import { difference, readAll, type Tensors, wrongCount } from "./tensors.ts";

const names = [
  "plain.safetensors",
  "training.safetensors",
  "views.safetensors",
];

/** What a writer of headers may get wrong. */
const words = (
  "0 1 2 -1 -0 1.0 1e3 1e999 9007199254740993 18446744073709551616 null true " +
  `[] {} "" "x" "F32" "F64" "BF16" "I64" "BOOL" "F128" "shape" "dtype" ` +
  `"data_offsets" "__metadata__" "\\ud800" [0,8] [2]`
).split(" ");

/** Damages the header as text, its length put right, or the whole as bytes. */
function mutate(bytes: Uint8Array, chance: Random): Uint8Array {
  if (chance.integer(0, 1) === 0) return damageBytes(bytes, chance);
  const file = Buffer.from(bytes);
  const end = 8 + Number(file.readBigUInt64LE(0));
  const text = file.toString("utf8", 8, end);
  const header = Buffer.from(damageText(text, words, chance));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, file.subarray(end)]);
}

type Decode = (data: DataView, at: number) => number;

/** The format again, number by number, as plainly as it can be read. */
const decoders: Readonly<Record<string, readonly [number, Decode]>> = {
  F64: [8, (data, at) => Math.fround(data.getFloat64(at, true))],
  F32: [4, (data, at) => data.getFloat32(at, true)],
  F16: [2, (data, at) => halfOf(data.getUint16(at, true))],
  BF16: [2, (data, at) => brainOf(data.getUint16(at, true))],
  I64: [8, (data, at) => Number(data.getBigInt64(at, true))],
  I32: [4, (data, at) => data.getInt32(at, true)],
  I16: [2, (data, at) => data.getInt16(at, true)],
  I8: [1, (data, at) => data.getInt8(at)],
  U8: [1, (data, at) => data.getUint8(at)],
  BOOL: [1, (data, at) => Math.min(1, data.getUint8(at))],
};

function halfOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function brainOf(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits);
  return view.getFloat32(0);
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** The tensors of a file that was accepted, decoded by another way. */
function decode(bytes: Uint8Array): Tensors {
  const file = Buffer.from(bytes);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header: Record<string, Entry> = JSON.parse(
    file.toString("utf8", 8, start),
  );
  const data = new DataView(file.buffer, file.byteOffset, file.length);
  const found = new Map<string, StoredTensor>();
  for (const [name, { data_offsets, dtype, shape }] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const [width, number] = decoders[dtype];
    const count = (data_offsets[1] - data_offsets[0]) / width;
    const values = Float32Array.from({ length: count }, (_, i) =>
      number(data, start + data_offsets[0] + i * width),
    );
    const isWhole = !dtype.includes("F");
    const ints = () =>
      Int32Array.from({ length: count }, (_, i) =>
        number(data, start + data_offsets[0] + i * width),
      );
    found.set(name, { shape, values: isWhole ? ints() : values });
  }
  return found;
}

/** Files of safetensors, each accepted one decoded a second time. */
export const safetensors: Kind = {
  name: "safetensors",
  seeds: () => names.map((name) => ({ name, bytes: fixture("torch", name) })),
  mutate,
  judge: async ({ bytes }) => {
    const source = memorySource(bytes, "fuzzed");
    const tensors = await readAll(await openSafetensors(source));
    return wrongCount(tensors) ?? difference(tensors, decode(bytes));
  },
};
