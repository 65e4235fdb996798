import { readBytes, type Source } from "./source.ts";

/** Types of number that can be read, by their safetensors names. */
export type Dtype =
  | "F64"
  | "F32"
  | "F16"
  | "BF16"
  | "I64"
  | "I32"
  | "I16"
  | "I8"
  | "U8"
  | "BOOL";

/** One tensor's numbers: floats as float32, whole numbers as int32. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

interface Kind {
  readonly bytes: number;
  readonly whole?: boolean;
  /** Writes the numbers of an aligned piece of the file from `at` on. */
  convert(piece: ArrayBuffer, out: StoredTensor["values"], at: number): void;
}

const kinds: Readonly<Record<Dtype, Kind>> = {
  F64: { bytes: 8, convert: narrowDouble },
  F32: { bytes: 4, convert: (b, out, at) => out.set(new Float32Array(b), at) },
  F16: { bytes: 2, convert: widenHalf },
  BF16: { bytes: 2, convert: widenBrain },
  I64: { bytes: 8, whole: true, convert: narrowLong },
  I32: {
    bytes: 4,
    whole: true,
    convert: (b, out, at) => out.set(new Int32Array(b), at),
  },
  I16: {
    bytes: 2,
    whole: true,
    convert: (b, out, at) => out.set(new Int16Array(b), at),
  },
  I8: {
    bytes: 1,
    whole: true,
    convert: (b, out, at) => out.set(new Int8Array(b), at),
  },
  U8: {
    bytes: 1,
    whole: true,
    convert: (b, out, at) => out.set(new Uint8Array(b), at),
  },
  BOOL: { bytes: 1, whole: true, convert: asTruth },
};

/** Bytes converted at a time: memory beyond the result stays at this. */
export const pieceBytes = 4 << 20;

export function isDtype(name: unknown): name is Dtype {
  return typeof name === "string" && Object.hasOwn(kinds, name);
}

export const dtypes = Object.keys(kinds) as readonly Dtype[];

/** Bytes of one number. */
export function bytesOf(dtype: Dtype): number {
  return kinds[dtype].bytes;
}

/** Reads `count` numbers from byte `at` on, piece by piece. */
export async function readNumbers(
  source: Source,
  { dtype, at, count }: { dtype: Dtype; at: number; count: number },
): Promise<StoredTensor["values"]> {
  const { bytes, convert, whole } = kinds[dtype];
  if (at + count * bytes > source.size) {
    throw new RangeError(
      `readNumbers: expected ${count} ${dtype} from byte ${at} on, ` +
        `got a file of ${source.size} bytes (${source.name})`,
    );
  }
  const out = whole ? new Int32Array(count) : new Float32Array(count);
  if (dtype === "F32" || dtype === "I32") {
    await source.read(new Uint8Array(out.buffer), at);
    return out;
  }
  const step = pieceBytes / bytes;
  for (let done = 0; done < count; done += step) {
    const length = Math.min(step, count - done) * bytes;
    const piece = await readBytes(source, at + done * bytes, length);
    convert(piece.buffer, out, done);
  }
  return out;
}

function widenBrain(
  piece: ArrayBuffer,
  out: StoredTensor["values"],
  at: number,
): void {
  const halves = new Uint16Array(piece);
  const bits = new Uint32Array(out.buffer, out.byteOffset + 4 * at);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
}

/** Any byte but 0 is true: so PyTorch and NumPy read it, and 1 is stored. */
function asTruth(
  piece: ArrayBuffer,
  out: StoredTensor["values"],
  at: number,
): void {
  const bytes = new Uint8Array(piece);
  for (let i = 0; i < bytes.length; i++) out[at + i] = bytes[i] === 0 ? 0 : 1;
}

let halfTable: Float32Array | undefined;

function widenHalf(
  piece: ArrayBuffer,
  out: StoredTensor["values"],
  at: number,
): void {
  const table = halfNumbers();
  const halves = new Uint16Array(piece);
  for (let i = 0; i < halves.length; i++) out[at + i] = table[halves[i]];
}

/** The number that each 16 bits of half precision stand for. */
export function halfNumbers(): Float32Array {
  halfTable ??= Float32Array.from({ length: 1 << 16 }, (_, bits) => half(bits));
  return halfTable;
}

/** IEEE half precision: 1 sign, 5 exponent and 10 fraction bits. */
function half(bits: number): number {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function narrowDouble(
  piece: ArrayBuffer,
  out: StoredTensor["values"],
  at: number,
): void {
  const doubles = new Float64Array(piece);
  for (let i = 0; i < doubles.length; i++) {
    out[at + i] = doubles[i];
    if (Number.isFinite(doubles[i]) && !Number.isFinite(out[at + i])) {
      throw new RangeError(
        `readNumbers: expected 64-bit fractions that fit 32 bits, ` +
          `got ${doubles[i]}`,
      );
    }
  }
}

function narrowLong(
  piece: ArrayBuffer,
  out: StoredTensor["values"],
  at: number,
): void {
  const halves = new Int32Array(piece);
  for (let i = 0; i < halves.length; i += 2) {
    const low = halves[i];
    if (halves[i + 1] !== low >> 31) {
      const value = new BigInt64Array(piece)[i / 2];
      throw new RangeError(
        `readNumbers: expected 64-bit numbers that fit 32 bits, got ${value}`,
      );
    }
    out[at + i / 2] = low;
  }
}
