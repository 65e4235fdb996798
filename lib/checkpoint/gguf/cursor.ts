/** A number, a truth value, a text, or a list of one kind of them. */
export type GgufValue =
  | number
  | bigint
  | boolean
  | string
  | readonly GgufValue[];

/** The bytes at hand end before the header does. */
export class Short extends Error {}

/** Reads a header's parts one after the other. */
export interface Cursor {
  /** Bytes read so far. */
  readonly at: number;
  /** A whole number of 32 bits. */
  u32(): number;
  /** A whole number of 64 bits that is an exact number here. */
  u64(what: string): number;
  text(what: string): string;
  /** @param kind - as the format numbers them */
  value(kind: number, what: string): GgufValue;
}

type View = DataView<ArrayBuffer>;

/** Kinds of value but text (8) and list (9): bytes, and how one is read. */
const scalars: Readonly<
  Record<number, readonly [number, (view: View, at: number) => GgufValue]>
> = {
  0: [1, (view, at) => view.getUint8(at)],
  1: [1, (view, at) => view.getInt8(at)],
  2: [2, (view, at) => view.getUint16(at, true)],
  3: [2, (view, at) => view.getInt16(at, true)],
  4: [4, (view, at) => view.getUint32(at, true)],
  5: [4, (view, at) => view.getInt32(at, true)],
  6: [4, (view, at) => view.getFloat32(at, true)],
  7: [1, (view, at) => view.getUint8(at) !== 0],
  10: [8, (view, at) => exact(view.getBigUint64(at, true))],
  11: [8, (view, at) => exact(view.getBigInt64(at, true))],
  12: [8, (view, at) => view.getFloat64(at, true)],
};
const textKind = 8;
const listKind = 9;

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Lists hold vocabularies: a hostile length costs no more than this. */
const most = { values: 2 ** 22, depth: 4 };

/**
 * A cursor over the beginning of a file.
 *
 * @param size - of the whole file: no part can be longer
 * @param name - what errors call the file
 * Its methods throw `Short` where the bytes end first, a RangeError for what
 * no header can hold.
 */
export function cursorOf(
  bytes: Uint8Array<ArrayBuffer>,
  { name, size }: { readonly name: string; readonly size: number },
): Cursor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let at = 0;
  let nValues = 0;
  const fail = (wanted: string, got: unknown, what: string) =>
    new RangeError(
      `openGguf: expected ${wanted}, got ${got} (${what}, ${name})`,
    );
  const take = (length: number): number => {
    if (at + length > bytes.length) throw new Short();
    at += length;
    return at - length;
  };
  const u32 = () => view.getUint32(take(4), true);
  const u64 = (what: string) => {
    const value = view.getBigUint64(take(8), true);
    if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
    throw fail("a whole number below 2^53", value, what);
  };
  const count = (of: string, what: string) => {
    const found = u64(what);
    if (found <= size - at) return found;
    throw fail(
      `at most ${size - at} more ${of}`,
      `${found}; the file may be cut short`,
      what,
    );
  };
  const text = (what: string) => {
    const length = count("bytes of text", what);
    const from = take(length);
    try {
      return decoder.decode(bytes.subarray(from, from + length));
    } catch (cause) {
      throw new RangeError(
        `openGguf: expected text in UTF-8, got other bytes (${what}, ${name})`,
        { cause },
      );
    }
  };
  const list = (what: string, depth: number) => {
    const kind = u32();
    const length = count("values", what);
    nValues += length;
    if (nValues > most.values || depth >= most.depth) {
      throw fail(
        `at most ${most.values} values in lists, ${most.depth} deep`,
        "more",
        what,
      );
    }
    const values: GgufValue[] = [];
    for (let i = 0; i < length; i++) values.push(value(kind, what, depth + 1));
    return values;
  };
  const value = (kind: number, what: string, depth = 0): GgufValue => {
    if (kind === textKind) return text(what);
    if (kind === listKind) return list(what, depth);
    const scalar = Object.hasOwn(scalars, kind) ? scalars[kind] : undefined;
    if (!scalar) throw fail("a kind of value from 0 to 12", kind, what);
    const [length, read] = scalar;
    return read(view, take(length));
  };
  return {
    get at() {
      return at;
    },
    ...{ u32, u64, text, value },
  };
}
