import { bytesOf, readNumbers, type StoredTensor } from "../numbers.ts";
import { sizeOf } from "../safetensors.ts";
import type { Source } from "../source.ts";
import type { TorchTensor } from "./rebuild.ts";

/** Numbers that a tensor may have beyond those stored: 256 MiB of them. */
const mostRepeated = 2 ** 26;
/** How often a file's numbers may be used in all, beside so many. */
const mostShared = 64;

/**
 * Refuses a file whose tensors are, taken together, far more than its numbers.
 *
 * Tensors may share and repeat numbers, so a few bytes can promise any amount.
 */
export function checkTotal(
  tensors: ReadonlyMap<string, TorchTensor>,
  { name }: Source,
): void {
  const stored = new Map<string, number>();
  let total = 0;
  for (const { shape, storage } of tensors.values()) {
    stored.set(storage.key, storage.count);
    total += sizeOf(shape);
  }
  let count = 0;
  for (const numbers of stored.values()) count += numbers;
  const most = mostShared * count + mostRepeated;
  if (total <= most) return;
  throw new RangeError(
    `openTorch: expected tensors of at most ${most} numbers from ${count} ` +
      `stored ones, got ${total} (${name}); save expanded tensors as they were ` +
      "before expand",
  );
}

/** Numbers of a tensor; what is not in order in the file is gathered. */
export async function readTensor(
  source: Source,
  at: number,
  tensor: TorchTensor,
): Promise<StoredTensor> {
  const { isNegative, offset, shape, storage, strides } = tensor;
  const { dtype } = storage;
  const size = sizeOf(shape);
  const count = spanOf(tensor, source);
  const from = at + offset * bytesOf(dtype);
  const stored = await readNumbers(source, { dtype, at: from, count });
  const values = isInOrder(shape, strides)
    ? stored
    : gather(stored, { size, shape, strides });
  if (isNegative) for (let i = 0; i < size; i++) values[i] = -values[i];
  return { shape, values };
}

/** Stored numbers from a tensor's first to its last, all within its storage. */
function spanOf(
  { offset, shape, storage: { count }, strides }: TorchTensor,
  { name }: Source,
): number {
  const size = sizeOf(shape);
  if (size === 0) return 0;
  const last = shape.reduce((sum, n, i) => sum + (n - 1) * strides[i], offset);
  const most = Math.max(count, mostRepeated);
  if (last < count && size <= most) return last + 1 - offset;
  throw new RangeError(
    `openTorch: expected at most ${most} numbers within ${count} stored ones, ` +
      `got shape [${shape}], strides [${strides}], offset ${offset} (${name})`,
  );
}

function isInOrder(
  shape: readonly number[],
  strides: readonly number[],
): boolean {
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== step) return false;
    step *= shape[i];
  }
  return true;
}

/** The numbers row by row, wherever the strides lead, the same ones again. */
function gather(
  stored: StoredTensor["values"],
  {
    shape,
    size,
    strides,
  }: Pick<TorchTensor, "shape" | "strides"> & { readonly size: number },
): StoredTensor["values"] {
  const out =
    stored instanceof Int32Array
      ? new Int32Array(size)
      : new Float32Array(size);
  const index = shape.map(() => 0);
  let from = 0;
  for (let i = 0; i < size; i++) {
    out[i] = stored[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}
