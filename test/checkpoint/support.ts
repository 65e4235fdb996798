import { join } from "node:path";
import {
  openCheckpoint,
  type StoredTensor,
} from "../../lib/checkpoint/checkpoint.ts";
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

/** All tensors of a file, by name. */
export async function readTensors(
  path: string,
): Promise<Map<string, StoredTensor>> {
  const checkpoint = await openCheckpoint(path);
  const tensors = new Map<string, StoredTensor>();
  for (const name of checkpoint.tensors.keys()) {
    tensors.set(name, await checkpoint.read(name));
  }
  await checkpoint.close();
  return tensors;
}

/** A safetensors file of float32 tensors. */
export function safetensorsOf(
  tensors: ReadonlyMap<string, StoredTensor>,
): Uint8Array {
  const header: Record<string, object> = {};
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [name, { shape, values }] of tensors) {
    const bytes = bytesOf(values);
    header[name] = entry("F32", shape, [end, end + bytes.length]);
    parts.push(bytes);
    end += bytes.length;
  }
  return file(header, Buffer.concat(parts));
}
