/**
 * Protocol buffer messages as bytes: the few field kinds that a SavedModel and
 * TensorBoard's events need.
 *
 * A message is a list of fields; a field is its bytes, tag included.
 */
type Field = Uint8Array;

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** A whole number or a truth value, negative numbers in 64-bit complement. */
export function integer(number: number, value: number | boolean): Field {
  return Buffer.from([...tag(number, VARINT), ...varint(BigInt(value))]);
}

/** A 32-bit float. */
export function float(number: number, value: number): Field {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([tag(number, FIXED_32), bytes]);
}

/** A 64-bit float. */
export function double(number: number, value: number): Field {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([tag(number, FIXED_64), bytes]);
}

/** Text in UTF-8. */
export function text(number: number, value: string): Field {
  return bytes(number, Buffer.from(value, "utf8"));
}

/** Raw bytes, or a message's. */
export function bytes(number: number, value: Uint8Array): Field {
  const length = Buffer.from(varint(BigInt(value.byteLength)));
  return Buffer.concat([tag(number, LENGTH_DELIMITED), length, value]);
}

/** A message inside another one. */
export function message(number: number, fields: readonly Field[]): Field {
  return bytes(number, Buffer.concat(fields));
}

/** Whole numbers as one packed field. */
export function integers(number: number, values: readonly number[]): Field {
  return bytes(number, Buffer.from(values.flatMap((v) => varint(BigInt(v)))));
}

/** 32-bit floats as one packed field. */
export function floats(number: number, values: readonly number[]): Field {
  const packed = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => {
    packed.writeFloatLE(value, 4 * index);
  });
  return bytes(number, packed);
}

/** One entry of a map from text to a message. */
export function entry(number: number, key: string, value: Field[]): Field {
  return message(number, [text(1, key), message(2, value)]);
}

function tag(number: number, kind: number): Uint8Array {
  return Buffer.from(varint(BigInt((number << 3) | kind)));
}

function varint(value: bigint): number[] {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 127n) {
    out.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return out;
}
