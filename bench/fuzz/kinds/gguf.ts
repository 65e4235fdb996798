import type { StoredTensor } from "../../../lib/checkpoint/checkpoint.ts";
import { openGguf } from "../../../lib/checkpoint/gguf/gguf.ts";
import { memorySource } from "../../../lib/checkpoint/source.ts";
import { openGgufLlama } from "../../../lib/llm/gguf/llama.ts";
import { ggufTokenizer } from "../../../lib/llm/gguf/tokenizer.ts";
import type { Random } from "../../../lib/tensor/random.ts";
import { damageBytes } from "../damage.ts";
import type { Kind } from "../kind.ts";
import { fixture } from "./fixtures.ts";
import { difference, readAll, type Tensors, wrongCount } from "./tensors.ts";

const names = ["tiny.gguf", "chat.gguf"];

/** Where the numbers of both begin, or later. */
const headerBytes = 12_000;

/** Damages the header alone, or the whole. */
function mutate(bytes: Uint8Array, chance: Random): Uint8Array {
  if (chance.integer(0, 2) === 0) return damageBytes(bytes, chance);
  const header = damageBytes(bytes.slice(0, headerBytes), chance);
  return Buffer.concat([header, bytes.slice(headerBytes)]);
}

/** The bytes of a value of each kind but text and lists, by number. */
const widths = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];

/** The tensors of a file that was accepted, read as plainly as can be. */
function decode(bytes: Uint8Array): Tensors {
  const file = Buffer.from(bytes);
  let at = 8;
  const u32 = () => {
    at += 4;
    return file.readUInt32LE(at - 4);
  };
  const u64 = () => {
    at += 8;
    return Number(file.readBigUInt64LE(at - 8));
  };
  const text = () => {
    const length = u64();
    at += length;
    return file.toString("utf8", at - length, at);
  };
  let alignment = 32;
  const pass = (kind: number, key = ""): void => {
    if (key === "general.alignment") alignment = file.readUInt32LE(at);
    if (kind === 8) text();
    else if (kind === 9) {
      const inner = u32();
      for (let left = u64(); left > 0; left--) pass(inner);
    } else at += widths[kind];
  };
  const [nTensors, nValues] = [u64(), u64()];
  for (let i = 0; i < nValues; i++) {
    const key = text();
    pass(u32(), key);
  }
  const infos = Array.from({ length: nTensors }, () => {
    const name = text();
    const axes = Array.from({ length: u32() }, u64);
    return { name, shape: axes.reverse(), type: u32(), from: u64() };
  });
  const start = Math.ceil(at / alignment) * alignment;
  const found = new Map<string, StoredTensor>();
  for (const { from, name, shape, type } of infos) {
    const count = shape.reduce((product, n) => product * n, 1);
    const values = new Float32Array(count);
    const number = numbers[type];
    if (!number) throw new Error(`a second way to read type ${type}`);
    for (let i = 0; i < count; i++) values[i] = number(file, start + from, i);
    found.set(name, { shape, values });
  }
  return found;
}

type NumberAt = (file: Buffer, at: number, i: number) => number;

/** One number of a tensor, by the numbers of its types. */
const numbers: Readonly<Record<number, NumberAt>> = {
  0: (file, at, i) => file.readFloatLE(at + 4 * i),
  1: (file, at, i) => half(file, at + 2 * i),
  3: (file, at, i) => {
    const block = at + 20 * Math.floor(i / 32);
    const both = file[block + 4 + (i % 16)];
    const four = i % 32 < 16 ? both % 16 : Math.floor(both / 16);
    return half(file, block) * four + half(file, block + 2);
  },
  8: (file, at, i) => {
    const block = at + 34 * Math.floor(i / 32);
    return half(file, block) * file.readInt8(block + 2 + (i % 32));
  },
  30: (file, at, i) => {
    const bits = Buffer.alloc(4);
    bits.writeUInt16LE(file.readUInt16LE(at + 2 * i), 2);
    return bits.readFloatLE(0);
  },
};

function half(file: Buffer, at: number): number {
  const bits = file.readUInt16LE(at);
  const sign = bits >= 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** GGUF files, each accepted one decoded a second time. */
export const ggufs: Kind = {
  name: "gguf",
  seeds: () => names.map((name) => ({ name, bytes: fixture("gguf", name) })),
  mutate,
  judge: async ({ bytes, name }) => {
    const source = memorySource(Uint8Array.from(bytes), "fuzzed");
    const gguf = await openGguf(source);
    const tensors = await readAll(gguf);
    const wrong = wrongCount(tensors) ?? difference(tensors, decode(bytes));
    if (wrong === undefined && name === "chat.gguf") {
      await readAll(openGgufLlama(gguf).checkpoint);
      ggufTokenizer(gguf);
    }
    return wrong;
  },
};
