/** One tensor of a safetensors file, its numbers as float32 or int32. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

interface Entry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [from: number, to: number];
}

/** Bytes of one number, and how an aligned copy of the bytes is read. */
const kinds: Record<
  string,
  { bytes: number; read: (data: ArrayBuffer) => StoredTensor["values"] }
> = {
  F32: { bytes: 4, read: (data) => new Float32Array(data) },
  I32: { bytes: 4, read: (data) => new Int32Array(data) },
};

/**
 * Reads a safetensors file: eight bytes of length, a header, the numbers.
 *
 * Takes float32 and int32; half precision is not read yet.
 */
export function readSafetensors(bytes: Uint8Array): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  const { entries, start } = readHeader(bytes);
  for (const [name, entry] of Object.entries(entries)) {
    if (name === "__metadata__") continue;
    const kind = kinds[entry.dtype];
    if (!kind) {
      throw new TypeError(
        `readSafetensors: expected ${Object.keys(kinds).join(" or ")}, ` +
          `got ${entry.dtype} (tensor "${name}")`,
      );
    }
    const [from, to] = entry.data_offsets;
    const size = entry.shape.reduce((product, n) => product * n, 1);
    if (to - from !== size * kind.bytes || start + to > bytes.length) {
      throw new RangeError(
        `readSafetensors: expected ${size * kind.bytes} bytes for shape ` +
          `[${entry.shape}], got ${from}..${to} of ` +
          `${bytes.length - start} (tensor "${name}")`,
      );
    }
    // A copy, as the numbers need not be aligned in the file; a Buffer's own
    // slice would be a view.
    const data = new Uint8Array(bytes.subarray(start + from, start + to));
    tensors.set(name, { shape: entry.shape, values: kind.read(data.buffer) });
  }
  return tensors;
}

function readHeader(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? 0 : Number(view.getBigUint64(0, true));
  const start = 8 + length;
  if (length < 2 || start > bytes.length) {
    throw new RangeError(
      `readSafetensors: expected a header within ${bytes.length} bytes, ` +
        `got a header of ${length}; the file may be cut short`,
    );
  }
  try {
    const text = new TextDecoder().decode(bytes.subarray(8, start));
    return { entries: JSON.parse(text) as Record<string, Entry>, start };
  } catch (cause) {
    throw new Error("readSafetensors: expected a JSON header, got other text", {
      cause,
    });
  }
}
