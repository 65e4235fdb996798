import { sizeOf } from "../safetensors.ts";
import { readBytes, type Source } from "../source.ts";
import { type Cursor, cursorOf, type GgufValue, Short } from "./cursor.ts";
import { type StoredType, typeNumbered } from "./types.ts";

/** Where a tensor is, and how it is stored. */
export interface GgufTensor {
  /** Rows first, as everywhere here; the file has the row's length first. */
  readonly shape: readonly number[];
  readonly type: StoredType;
  readonly from: number; // bytes after the header
}

export interface GgufHeader {
  /** What the file says of its model, by name. */
  readonly values: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  /** Where the numbers begin. */
  readonly start: number; // bytes
}

/** "GGUF" */
const mark = [0x47, 0x47, 0x55, 0x46];

/** Whether a file that starts like this is of the format. */
export function isGguf(head: Uint8Array): boolean {
  return mark.every((byte, i) => head[i] === byte);
}

/** The first try; a header that is longer is read anew, four times as far. */
const firstTry = 2 ** 20; // bytes
const longest = 100_000_000; // bytes

/**
 * Reads and checks a GGUF header: names and values, names and places of
 * tensors, which must lie one after the other and fill the file.
 *
 * Kept by hand: @huggingface/gguf 0.4.6 reads a file that was cut within its
 * header as tensors without names, cuts a text that lies across two of its
 * pieces of 2 MB, keeps the last of two equal names, and takes 5 s for 24
 * bytes that announce ten million tensors.
 */
export async function readGgufHeader(source: Source): Promise<GgufHeader> {
  const { name, size } = source;
  for (let length = firstTry; ; length *= 4) {
    const known = Math.min(size, length);
    const cursor = cursorOf(await readBytes(source, 0, known), source);
    try {
      return readParts(cursor, source);
    } catch (error) {
      if (!(error instanceof Short)) throw error;
    }
    if (known === size || known > longest) {
      const got = known === size ? "the file's end" : `more than ${known}`;
      throw new RangeError(
        `openGguf: expected a whole header, got ${got} before its end ` +
          `(${name}); the file may be cut short`,
      );
    }
  }
}

function readParts(cursor: Cursor, source: Source): GgufHeader {
  const { name } = source;
  cursor.u32(); // the mark
  const version = cursor.u32();
  if (version !== 2 && version !== 3) {
    const order = version >= 2 ** 24 ? " (of another byte order)" : "";
    throw new RangeError(
      `openGguf: expected version 2 or 3, got ${version}${order} (${name})`,
    );
  }
  const nTensors = cursor.u64("number of tensors");
  const nValues = cursor.u64("number of values");
  const values = new Map<string, GgufValue>();
  for (let i = 0; i < nValues; i++) {
    const key = newName(cursor, values, { what: "value", name });
    values.set(key, cursor.value(cursor.u32(), `"${key}"`));
  }
  const alignment = alignmentOf(values, name);
  const tensors = new Map<string, GgufTensor>();
  for (let i = 0; i < nTensors; i++) {
    const tensor = newName(cursor, tensors, { what: "tensor", name });
    tensors.set(tensor, readTensor(cursor, `tensor "${tensor}", ${name}`));
  }
  const start = aligned(cursor.at, alignment);
  if (nTensors > 0) checkCover(tensors, { alignment, start, source });
  return { values, tensors, start };
}

function newName(
  cursor: Cursor,
  known: ReadonlyMap<string, unknown>,
  { name, what }: { readonly name: string; readonly what: string },
): string {
  const found = cursor.text(`name of ${what} ${known.size}`);
  if (!known.has(found)) return found;
  throw new RangeError(
    `openGguf: expected each ${what} once, got ` +
      `${JSON.stringify(found.slice(0, 80))} twice (${name})`,
  );
}

function alignmentOf(
  values: ReadonlyMap<string, GgufValue>,
  name: string,
): number {
  const alignment = values.get("general.alignment") ?? 32;
  const isPower =
    typeof alignment === "number" && /^10*$/.test(binary(alignment));
  if (isPower && alignment <= 2 ** 20) return alignment;
  throw new RangeError(
    `openGguf: expected general.alignment as a power of two up to 2^20, ` +
      `got ${String(alignment).slice(0, 40)} (${name})`,
  );
}

const binary = (value: number) => value.toString(2);

const aligned = (at: number, alignment: number) =>
  Math.ceil(at / alignment) * alignment;

/** The format allows no more. */
const mostAxes = 4;

function readTensor(cursor: Cursor, where: string): GgufTensor {
  const nAxes = cursor.u32();
  if (nAxes > mostAxes) {
    throw new RangeError(
      `openGguf: expected at most ${mostAxes} axes, got ${nAxes} (${where})`,
    );
  }
  const shape: number[] = [];
  for (let i = 0; i < nAxes; i++) shape.unshift(cursor.u64(where));
  const number = cursor.u32();
  const from = cursor.u64(where);
  const type = typeNumbered(number);
  if (!type) {
    throw new RangeError(
      `openGguf: expected a type that is known here, got type ${number} ` +
        `(${where})`,
    );
  }
  const row = shape.at(-1) ?? 1;
  if (row % type.block !== 0 || !Number.isSafeInteger(sizeOf(shape) * 8)) {
    throw new RangeError(
      `openGguf: expected rows of whole blocks of ${type.block} ` +
        `${type.name}, got shape [${shape}] (${where})`,
    );
  }
  return { shape, type, from };
}

/** Bytes of a tensor's numbers. */
function bytesOfTensor({ shape, type }: GgufTensor): number {
  return (sizeOf(shape) / type.block) * type.bytes;
}

/** Every byte belongs to one tensor, or fills up to the next one's start. */
function checkCover(
  tensors: GgufHeader["tensors"],
  {
    alignment,
    source: { name, size },
    start,
  }: {
    readonly alignment: number;
    readonly source: Source;
    readonly start: number;
  },
): void {
  const order = [...tensors].sort(
    ([, a], [, b]) => a.from - b.from || bytesOfTensor(a) - bytesOfTensor(b),
  );
  let end = 0;
  for (const [tensor, place] of order) {
    if (place.from !== aligned(end, alignment)) {
      throw new RangeError(
        `openGguf: expected tensors one after the other, got one at ` +
          `${place.from} after ${end} (tensor "${tensor}", ${name})`,
      );
    }
    end = place.from + bytesOfTensor(place);
  }
  // Not every writer fills up after the last one.
  const [least, most] = [start + end, start + aligned(end, alignment)];
  if (size >= least && size <= most) return;
  throw new RangeError(
    `openGguf: expected ${least} to ${most} bytes, got ${size} (${name}); ` +
      (size < least
        ? "the file is cut short"
        : "what follows the tensors is unknown"),
  );
}
