import * as tf from "@tensorflow/tfjs";
import { isPacked } from "./bfloat16.ts";

/** Tensors by name and place: a model's parameters, gradients or batches. */
export type Tensors =
  | tf.Tensor
  | readonly Tensors[]
  | { readonly [name: string]: Tensors };

/** The same tree with its tensors as numbers, ready for a file. */
export type PlainTensors =
  | PlainTensor
  | readonly PlainTensors[]
  | { readonly [name: string]: PlainTensors };

export interface PlainTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

/** `tf.tidy` for a tree: keeps what is returned, frees the rest. */
export function tidyTree<T extends Tensors>(make: () => T): T {
  return tf.tidy(make as unknown as () => tf.TensorContainer) as unknown as T;
}

/**
 * What a list or record holds, with its names: lists by index, records by
 * sorted name.
 *
 * The one order in which a tree is walked, here, in a graph and in a file, so
 * that two trees of the same names never pair the wrong tensors, whatever the
 * order in which their fields were written.
 */
export function branchesOf<X>(
  tree: readonly X[] | Readonly<Record<string, X>>,
): [name: string, branch: X][] {
  if (Array.isArray(tree)) {
    return tree.map((branch: X, i) => [String(i), branch]);
  }
  const record = tree as Readonly<Record<string, X>>;
  return Object.keys(record)
    .sort()
    .map((name) => [name, record[name]]);
}

/** The tensors of a tree, in the order of `branchesOf`. */
export function leaves(tree: Tensors): tf.Tensor[] {
  return namedLeaves(tree).map(([, leaf]) => leaf);
}

/** The tree's tensors with the names that lead to them: `blocks.0.gateUp_DX`. */
export function namedLeaves(tree: Tensors, path = ""): [string, tf.Tensor][] {
  if (tree instanceof tf.Tensor) return [[path, tree]];
  return branchesOf<Tensors>(tree).flatMap(([name, branch]) =>
    namedLeaves(branch, path === "" ? name : `${path}.${name}`),
  );
}

/** A tree of the same form, each tensor replaced by what `change` returns. */
export function mapTensors<T extends Tensors>(
  tree: T,
  change: (leaf: tf.Tensor) => tf.Tensor,
): T {
  if (tree instanceof tf.Tensor) return change(tree) as unknown as T;
  if (Array.isArray(tree)) {
    return tree.map((branch: Tensors) =>
      mapTensors(branch, change),
    ) as unknown as T;
  }
  const changed = new Map(
    branchesOf<Tensors>(tree).map(([name, branch]) => [
      name,
      mapTensors(branch, change),
    ]),
  );
  // The fields keep the order in which they were written.
  return Object.fromEntries(
    Object.keys(tree).map((name) => [name, changed.get(name)]),
  ) as unknown as T;
}

/** A tree of the form of `tree` with `values` for its tensors, in order. */
export function withLeaves<T extends Tensors>(
  tree: T,
  values: readonly tf.Tensor[],
): T {
  const wanted = leaves(tree).length;
  if (values.length !== wanted) {
    throw new RangeError(
      `withLeaves: expected ${wanted} tensors, got ${values.length}`,
    );
  }
  let next = 0;
  return mapTensors(tree, () => values[next++]);
}

/** How many numbers the tree holds; an int32 of packed weights is two. */
export function countParameters(tree: Tensors): number {
  return leaves(tree).reduce(
    (sum, leaf) => sum + (isPacked(leaf) ? 2 : 1) * leaf.size,
    0,
  );
}

/** Frees every tensor of the tree. */
export function disposeTensors(tree: Tensors): void {
  for (const leaf of leaves(tree)) leaf.dispose();
}

/** The tree as plain data; the tensors stay the caller's. */
export function toPlain(tree: Tensors): PlainTensors {
  if (tree instanceof tf.Tensor) {
    if (tree.dtype !== "float32" && tree.dtype !== "int32") {
      throw new TypeError(
        `toPlain: expected float32 or int32, got ${tree.dtype}`,
      );
    }
    const values = tree.dataSync<"float32" | "int32">();
    return { shape: [...tree.shape], values: values.slice() };
  }
  if (Array.isArray(tree)) return tree.map(toPlain);
  return Object.fromEntries(
    Object.entries(tree).map(([name, branch]) => [name, toPlain(branch)]),
  );
}

/**
 * The tree of tensors that `toPlain` was given.
 *
 * The form is the caller's claim; the shapes are checked when they are used.
 */
export function fromPlain<T extends Tensors>(plain: PlainTensors): T {
  const build = (branch: PlainTensors): Tensors => {
    if (isPlainTensor(branch)) {
      const dtype = branch.values instanceof Int32Array ? "int32" : "float32";
      return tf.tensor(branch.values, [...branch.shape], dtype);
    }
    if (Array.isArray(branch)) return branch.map(build);
    return Object.fromEntries(
      Object.entries(branch).map(([name, twig]) => [name, build(twig)]),
    );
  };
  return build(plain) as T;
}

function isPlainTensor(branch: PlainTensors): branch is PlainTensor {
  const { values } = branch as PlainTensor;
  return values instanceof Float32Array || values instanceof Int32Array;
}
