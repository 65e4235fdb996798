import * as tf from "@tensorflow/tfjs";
import { branchesOf } from "../../tensor/params.ts";

/** One tensor of a tree and the way to it: `input.blocks.0.query_DD`. */
export interface Leaf {
  readonly path: string;
  readonly tensor: tf.Tensor;
}

/** A leaf in words: its path, type and shape. */
export function signature({ path, tensor }: Leaf): string {
  return `${path} ${tensor.dtype} [${tensor.shape}]`;
}

/**
 * Tensors of a tree in the order of `branchesOf`.
 *
 * @param root - what the tree is called in paths and errors
 */
export function leafPaths(caller: string, root: string, tree: unknown): Leaf[] {
  if (tree instanceof tf.Tensor) return [{ path: root, tensor: tree }];
  if (!isBranch(tree)) {
    throw new TypeError(
      `${caller}: expected a tensor at ${root}, got ${kindOf(tree)}; ` +
        "a plain value would be frozen, pass tf.scalar(value)",
    );
  }
  return branchesOf<unknown>(tree as Record<string, unknown>).flatMap(
    ([name, branch]) => leafPaths(caller, `${root}.${name}`, branch),
  );
}

/**
 * The same tree with the tensors of `leafPaths`, in its order, put in.
 *
 * Records keep the order of their names, which `Object.values` shows.
 */
export function rebuild<T extends object>(
  tree: T,
  tensors: readonly tf.Tensor[],
): T {
  let next = 0;
  const visit = (node: object): object => {
    if (node instanceof tf.Tensor) return tensors[next++];
    const built = new Map(
      branchesOf(node as Record<string, object>).map(([name, branch]) => [
        name,
        visit(branch),
      ]),
    );
    if (Array.isArray(node)) return [...built.values()];
    return Object.fromEntries(
      Object.keys(node).map((name) => [name, built.get(name)]),
    );
  };
  return visit(tree) as T;
}

/** The tree's form, without its tensors: plain and small enough to keep. */
export function skeleton<T extends object>(tree: T): T {
  const hole = Object.create(tf.Tensor.prototype) as tf.Tensor;
  const count = leafPaths("skeleton", "tree", tree).length;
  return rebuild(tree, Array<tf.Tensor>(count).fill(hole));
}

/** A list or a plain record: what holds tensors, and not a Map or a class. */
function isBranch(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function kindOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return value.constructor.name;
}
