import { join } from "node:path";
import { openSafetensors } from "../../lib/checkpoint/safetensors.ts";
import { memorySource } from "../../lib/checkpoint/source.ts";

export const fixtures = join(import.meta.dirname, "..", "fixtures");

/** A safetensors file of this header and these numbers. */
export function file(
  header: string | Uint8Array | object,
  data: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const text =
    header instanceof Uint8Array
      ? header
      : new TextEncoder().encode(
          typeof header === "string" ? header : JSON.stringify(header),
        );
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

/** A header's entry. */
export function entry(
  dtype: string,
  shape: readonly number[],
  [from, to]: readonly [number, number],
) {
  return { dtype, shape, data_offsets: [from, to] };
}

export const open = (bytes: Uint8Array) =>
  openSafetensors(memorySource(bytes, "test"));

/** Bytes of a typed array. */
export function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
