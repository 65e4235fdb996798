import type { GgufValue } from "./gguf/cursor.ts";
import { Fraction, type Json, parseStrictJson } from "./json.ts";
import {
  bytesOf,
  type Dtype,
  dtypes,
  isDtype,
  readNumbers,
  type StoredTensor,
} from "./numbers.ts";
import { readBytes, type Source } from "./source.ts";

/** What a checkpoint says of a tensor before its numbers are read. */
export interface TensorInfo {
  /** As its format calls it; PyTorch's types by safetensors' names. */
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** Named tensors in a file or in several; each is read when it is asked for. */
export interface Checkpoint {
  /** What errors call it. */
  readonly name: string;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Texts that a safetensors file holds beside its tensors. */
  readonly metadata?: ReadonlyMap<string, string>;
  /** What a GGUF file says of its model, by name. */
  readonly header?: ReadonlyMap<string, GgufValue>;
  read(name: string): Promise<StoredTensor>;
  close(): Promise<void>;
}

interface Place extends TensorInfo {
  readonly dtype: Dtype;
  readonly from: number; // bytes after the header
  readonly to: number;
}

/** The longest header that the format's own library takes. */
const maxHeader = 100_000_000; // bytes

/**
 * Opens a safetensors file: eight bytes of length, a JSON header, the numbers.
 *
 * The whole header is checked here: the tensors must fill the rest of the file
 * one after the other, without gaps or overlaps, and no name may come twice.
 */
export async function openSafetensors(source: Source): Promise<Checkpoint> {
  const { start, text } = await readHeader(source);
  const { metadata, places } = readFields(text, source);
  checkCover(places, source.size - start, source);
  return {
    name: source.name,
    tensors: places,
    metadata,
    close: source.close,
    read: async (name) => {
      const place = places.get(name);
      if (!place) throw unknownTensor("openSafetensors", name, source.name);
      const { dtype, from, shape } = place;
      const count = sizeOf(shape);
      const at = start + from;
      return { shape, values: await readNumbers(source, { dtype, at, count }) };
    },
  };
}

export function unknownTensor(
  caller: string,
  name: string,
  file: string,
): RangeError {
  return new RangeError(`${caller}: unknown tensor "${name}" (${file})`);
}

/** Numbers in a tensor of this shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

async function readHeader(source: Source) {
  if (source.size < 8) {
    throw new RangeError(
      `openSafetensors: expected at least 8 bytes, got ${source.size} ` +
        `(${source.name}); the file may be cut short`,
    );
  }
  const head = new DataView((await readBytes(source, 0, 8)).buffer);
  const length = head.getBigUint64(0, true);
  const most = Math.min(maxHeader, source.size - 8);
  if (length < 2n || length > BigInt(most)) {
    throw new RangeError(
      `openSafetensors: expected a header of 2 to ${most} bytes, ` +
        `got ${length} (${source.name}); the file may be cut short`,
    );
  }
  const bytes = await readBytes(source, 8, Number(length));
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return { start: 8 + bytes.length, text: text.decode(bytes) };
  } catch (cause) {
    throw new Error(
      `openSafetensors: expected a header in UTF-8, got other bytes ` +
        `(${source.name})`,
      { cause },
    );
  }
}

function readFields(
  text: string,
  { name }: Source,
): { metadata: ReadonlyMap<string, string>; places: Map<string, Place> } {
  let header: Json;
  try {
    header = parseStrictJson(text, 3);
  } catch (cause) {
    throw new Error(
      `openSafetensors: expected a header in JSON (${name}): ` +
        (cause as Error).message,
      { cause },
    );
  }
  if (!(header instanceof Map)) {
    throw new TypeError(
      `openSafetensors: expected an object of tensors (${name})`,
    );
  }
  const places = new Map<string, Place>();
  let metadata: ReadonlyMap<string, string> = new Map();
  for (const [tensor, entry] of header as ReadonlyMap<string, Json>) {
    if (tensor === "__metadata__") {
      // The format's own library takes null for none.
      if (entry !== null) metadata = readTexts(entry, name);
    } else places.set(tensor, readPlace(entry, `tensor "${tensor}", ${name}`));
  }
  return { metadata, places };
}

function readTexts(entry: Json, file: string): ReadonlyMap<string, string> {
  const isTexts =
    entry instanceof Map &&
    [...entry.values()].every((value) => typeof value === "string");
  if (isTexts) return entry as ReadonlyMap<string, string>;
  throw new TypeError(
    `openSafetensors: expected texts by name in __metadata__, ` +
      `got ${show(entry)} (${file})`,
  );
}

function readPlace(entry: Json, where: string): Place {
  const fields = entry instanceof Map ? entry : new Map<string, Json>();
  const dtype = fields.get("dtype");
  if (!isDtype(dtype)) {
    throw new TypeError(
      `openSafetensors: expected a type of ${dtypes.join(", ")}, ` +
        `got ${show(dtype)} (${where})`,
    );
  }
  const shape = readCounts(fields.get("shape"), "a shape", where);
  const offsets = readCounts(fields.get("data_offsets"), "two offsets", where);
  const bytes = byteLength(shape, dtype, where);
  if (offsets.length !== 2 || offsets[1] - offsets[0] !== bytes) {
    throw new RangeError(
      `openSafetensors: expected ${bytes} bytes for ${dtype} ` +
        `[${shape.slice(0, 8)}], got offsets [${offsets.slice(0, 8)}] ` +
        `(${where})`,
    );
  }
  return { dtype, shape, from: offsets[0], to: offsets[1] };
}

function readCounts(value: Json | undefined, what: string, where: string) {
  const isCount = (n: Json) => Number.isSafeInteger(n) && (n as number) >= 0;
  if (!Array.isArray(value) || !value.every(isCount)) {
    throw new RangeError(
      `openSafetensors: expected ${what} of whole numbers from 0 to 2^53 - 1, ` +
        `got ${show(value)} (${where})`,
    );
  }
  return value as readonly number[];
}

function byteLength(
  shape: readonly number[],
  dtype: Dtype,
  where: string,
): number {
  let bytes = bytesOf(dtype);
  for (const n of shape) {
    bytes *= n;
    if (bytes > Number.MAX_SAFE_INTEGER) {
      throw new RangeError(
        `openSafetensors: expected fewer than 2^53 bytes, ` +
          `got shape [${shape.slice(0, 8)}] (${where})`,
      );
    }
  }
  return bytes;
}

/** Every byte after the header belongs to exactly one tensor. */
function checkCover(
  places: ReadonlyMap<string, Place>,
  bytes: number,
  { name }: Source,
): void {
  const order = [...places].sort(
    ([, a], [, b]) => a.from - b.from || a.to - b.to,
  );
  let end = 0;
  for (const [tensor, { from, to }] of order) {
    if (from !== end) {
      throw new RangeError(
        `openSafetensors: expected tensors one after the other, got bytes ` +
          `${from} to ${to} after ${end} (tensor "${tensor}", ${name})`,
      );
    }
    end = to;
  }
  if (end !== bytes) {
    throw new RangeError(
      `openSafetensors: expected ${end} bytes of numbers, got ${bytes} ` +
        `(${name}); the file may be cut short`,
    );
  }
}

function show(value: Json | undefined): string {
  if (value instanceof Map) return "an object";
  if (value instanceof Fraction) return value.text.slice(0, 80);
  if (Array.isArray(value)) {
    return `[${value.slice(0, 20).map(show)}]`.slice(0, 80);
  }
  return (JSON.stringify(value) ?? "nothing").slice(0, 80);
}
