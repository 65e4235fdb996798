import type {
  Checkpoint,
  StoredTensor,
} from "../../../lib/checkpoint/checkpoint.ts";

/** More numbers than any input can hold, repeated ones included. */
const mostNumbers = 2 ** 27;

export type Tensors = ReadonlyMap<string, StoredTensor>;

/** All tensors of a checkpoint that is open. */
export async function readAll(checkpoint: Checkpoint): Promise<Tensors> {
  const found = new Map<string, StoredTensor>();
  for (const name of checkpoint.tensors.keys()) {
    found.set(name, await checkpoint.read(name));
  }
  return found;
}

/** A tensor whose numbers are not as many as its shape says, if any. */
export function wrongCount(tensors: Tensors): string | undefined {
  for (const [name, { shape, values }] of tensors) {
    const size = shape.reduce((product, n) => product * n, 1);
    if (values.length === size && size <= mostNumbers) continue;
    return `"${name}" has ${values.length} numbers in shape [${shape}]`;
  }
  return undefined;
}

/** The first tensor that is not as it should be, bit by bit, if any. */
export function difference(got: Tensors, wanted: Tensors): string | undefined {
  if (got.size !== wanted.size) {
    return `${got.size} tensors, not ${wanted.size}`;
  }
  for (const [name, { shape, values }] of got) {
    const other = wanted.get(name);
    if (!other) return `"${name}" is in no reference`;
    if (`${shape}` !== `${other.shape}`) {
      return `"${name}" has shape [${shape}], not [${other.shape}]`;
    }
    const at = values.findIndex(
      (value, i) => !Object.is(value, other.values[i]),
    );
    if (at >= 0) {
      return `"${name}"[${at}] is ${values[at]}, not ${other.values[at]}`;
    }
  }
  return undefined;
}
