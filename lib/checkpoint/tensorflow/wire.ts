/** Bytes that are read from the front, with what errors call them. */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  readonly where: string;
}

/**
 * The next number of a format that spends seven bits of a byte on it.
 *
 * @throws RangeError for one that ends too late, or is 2^53 or more
 */
export function readVarint(cursor: Cursor): number {
  let value = 0;
  for (let power = 1; ; power *= 128) {
    const byte = cursor.bytes[cursor.at++];
    if (byte === undefined) throw cut(cursor, "a number");
    value += (byte & 127) * power;
    if (!Number.isSafeInteger(value)) {
      throw new RangeError(
        `readVarint: expected a number below 2^53, got more (${cursor.where})`,
      );
    }
    if (byte < 128) return value;
  }
}

/** The next `length` bytes, as a view. */
export function readSlice(cursor: Cursor, length: number): Uint8Array {
  const { at, bytes } = cursor;
  if (at + length > bytes.length) throw cut(cursor, `${length} bytes`);
  cursor.at += length;
  return bytes.subarray(at, at + length);
}

function cut({ bytes, where }: Cursor, what: string): RangeError {
  return new RangeError(
    `readSlice: expected ${what} within ${bytes.length} bytes, ` +
      `got their end (${where})`,
  );
}

/** What a field of a protocol buffer holds. */
export type Field = number | Uint8Array;

/**
 * The fields of a protocol buffer by their numbers, each with all its values.
 *
 * A field of four or eight bytes comes as these bytes.
 */
export function readFields(
  bytes: Uint8Array,
  where: string,
): Map<number, Field[]> {
  const cursor: Cursor = { bytes, at: 0, where };
  const fields = new Map<number, Field[]>();
  while (cursor.at < bytes.length) {
    const tag = readVarint(cursor);
    const value = readField(cursor, tag % 8);
    const number = Math.floor(tag / 8);
    const values = fields.get(number);
    if (values) values.push(value);
    else fields.set(number, [value]);
  }
  return fields;
}

function readField(cursor: Cursor, kind: number): Field {
  if (kind === 0) return readVarint(cursor);
  if (kind === 1) return readSlice(cursor, 8);
  if (kind === 2) return readSlice(cursor, readVarint(cursor));
  if (kind === 5) return readSlice(cursor, 4);
  throw new RangeError(
    `readFields: expected a field of kind 0, 1, 2 or 5, got ${kind} ` +
      `(${cursor.where})`,
  );
}
