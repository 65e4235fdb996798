import * as tf from "@tensorflow/tfjs";
import { packBfloat16 } from "../tensor/bfloat16.ts";
import type { Affine, Norm } from "../tensor/transformer.ts";
import type { Checkpoint, StoredTensor } from "./checkpoint.ts";
import { checkFinite } from "./finite.ts";
import {
  checkTensors,
  type Renamed,
  renameTensors,
  type Shapes,
} from "./match.ts";

/** Reads parts of a model by the official names, one tensor at a time. */
export interface Reader {
  /** Whether the checkpoint has a tensor, for those that it may lack. */
  has(name: string): boolean;
  /** Numbers as they are stored, for what is computed once at load. */
  plain(name: string): Promise<StoredTensor>;
  /** A tensor made at load, freed like the others if loading fails. */
  keep<X extends tf.Tensor>(make: () => X): X;
  vector(name: string): Promise<tf.Tensor1D>;
  /** The numbers in rows of `columns`. */
  rows(name: string, columns: number): Promise<tf.Tensor2D>;
  /**
   * An output-by-input matrix, or a convolution's, as input-by-output; several
   * stand side by side.
   */
  matrix(...names: readonly string[]): Promise<tf.Tensor2D>;
  /** The same as bfloat16: half the bytes, for reading alone. */
  packed(...names: readonly string[]): Promise<tf.Tensor2D>;
  /**
   * `name.weight` and `name.bias`; several names stand side by side. A bias
   * that the model has not is 0.
   */
  affine(...names: readonly string[]): Promise<Affine>;
  norm(name: string): Promise<Norm>;
}

export interface ReadOptions<T> {
  readonly caller: string;
  /** Official name of a tensor; undefined leaves it out. */
  readonly rename: (name: string) => string | undefined;
  /** Every tensor the model has, by official name. */
  readonly wanted: (found: Renamed["tensors"]) => Shapes;
  readonly build: (reader: Reader) => Promise<T>;
}

/** Checks a checkpoint against a model's tensors, then builds the model. */
export async function readModel<T>(
  checkpoint: Checkpoint,
  { build, caller, rename, wanted }: ReadOptions<T>,
): Promise<T> {
  const { originals, tensors } = renameTensors(checkpoint, rename);
  checkTensors(caller, wanted(tensors), { name: checkpoint.name, tensors });
  const made: tf.Tensor[] = [];
  try {
    const read = async (name: string) => {
      const original = originals.get(name);
      if (original === undefined) return undefined;
      const tensor = await checkpoint.read(original);
      const where = `(tensor "${original}", ${checkpoint.name})`;
      checkNumbers(caller, tensor, where);
      return tensor;
    };
    const has = (name: string) => originals.has(name);
    return await build(readerOf({ has, read }, made));
  } catch (cause) {
    tf.dispose(made);
    throw cause;
  }
}

function checkNumbers(
  caller: string,
  { values }: StoredTensor,
  where: string,
): void {
  if (!(values instanceof Float32Array)) {
    throw new TypeError(
      `${caller}: expected fractions, got whole numbers ${where}`,
    );
  }
  checkFinite(caller, values, where);
}

function readerOf(
  {
    has,
    read,
  }: {
    readonly has: Reader["has"];
    readonly read: (name: string) => Promise<StoredTensor | undefined>;
  },
  made: tf.Tensor[],
): Reader {
  const plain: Reader["plain"] = async (name) => (await read(name))!;
  const keep: Reader["keep"] = (make) => {
    const tensor = tf.tidy(make);
    made.push(tensor);
    return tensor;
  };
  const vector: Reader["vector"] = async (name) => {
    const { values } = await plain(name);
    return keep(() => tf.tensor1d(values, "float32"));
  };
  const rows: Reader["rows"] = async (name, columns) => {
    const { values } = await plain(name);
    const shape: [number, number] = [values.length / columns, columns];
    return keep(() => tf.tensor2d(values, shape, "float32"));
  };
  const matrix: Reader["matrix"] = async (...names) => {
    const parts: StoredTensor[] = [];
    for (const name of names) parts.push(await plain(name));
    return keep(() =>
      tf.concat(parts.map(asMatrix), 0).transpose(),
    ) as tf.Tensor2D;
  };
  const packed: Reader["packed"] = async (...names) => {
    const parts: StoredTensor[] = [];
    for (const name of names) parts.push(await plain(name));
    const rows = rowsOf(parts);
    return keep(() => packBfloat16(rows.values, rows.shape));
  };
  const affine: Reader["affine"] = async (...names) => {
    const weight_EX = await matrix(...names.map((name) => `${name}.weight`));
    const [, X] = weight_EX.shape;
    const bias = new Float32Array(X);
    for (const [i, name] of names.entries()) {
      const stored = await read(`${name}.bias`);
      if (stored) bias.set(stored.values, (i * X) / names.length);
    }
    return { weight_EX, bias_X: keep(() => tf.tensor1d(bias)) };
  };
  const norm: Reader["norm"] = async (name) => ({
    scale_E: await vector(`${name}.weight`),
    shift_E: await vector(`${name}.bias`),
  });
  return { has, plain, keep, vector, rows, matrix, packed, affine, norm };
}

/** One matrix below the other, output-by-input. */
function rowsOf(parts: readonly StoredTensor[]): {
  readonly values: Float32Array;
  readonly shape: [number, number];
} {
  const X = parts.reduce((sum, { shape }) => sum + shape[0], 0);
  const [first] = parts;
  const D = first.values.length / first.shape[0];
  if (parts.length === 1) {
    return { values: first.values as Float32Array, shape: [X, D] };
  }
  const values = new Float32Array(X * D);
  let from = 0;
  for (const part of parts) {
    values.set(part.values, from);
    from += part.values.length;
  }
  return { values, shape: [X, D] };
}

/** Output-by-input; the axes of a convolution's kernel become one. */
function asMatrix({ shape, values }: StoredTensor): tf.Tensor2D {
  return tf.tensor2d(values, [shape[0], values.length / shape[0]], "float32");
}
