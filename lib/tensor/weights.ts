import * as tf from "@tensorflow/tfjs";
import type { Random } from "./random.ts";

/** A tensor that a model learns, before it has numbers. */
export interface Weight {
  readonly shape: readonly number[];
  /** What it starts as: all of one value, or normal numbers. */
  readonly start: { readonly value: number } | { readonly deviation: number };
}

/** The weights of a model, or of a part of it, by name and place. */
export type WeightTree =
  | Weight
  | readonly WeightTree[]
  | { readonly [name: string]: WeightTree };

/** A weight of normal numbers with this standard deviation. */
export function normal(shape: readonly number[], deviation: number): Weight {
  return { shape, start: { deviation } };
}

/** A weight of which every number is `value`. */
export function filled(shape: readonly number[], value: number): Weight {
  return { shape, start: { value } };
}

/** Tensors for a tree of weights; chance is asked in the tree's order. */
export function initWeights(tree: WeightTree, chance: Random): unknown {
  if (isWeight(tree)) return initWeight(tree, chance);
  if (isList(tree)) return tree.map((branch) => initWeights(branch, chance));
  return Object.fromEntries(
    Object.entries(tree).map(([name, branch]) => [
      name,
      initWeights(branch, chance),
    ]),
  );
}

/** How many numbers a tree of weights has. */
export function countWeights(tree: WeightTree): number {
  if (isWeight(tree)) return tree.shape.reduce((size, n) => size * n, 1);
  const branches: readonly WeightTree[] = Object.values(tree);
  return branches.reduce<number>(
    (sum, branch) => sum + countWeights(branch),
    0,
  );
}

function initWeight({ shape, start }: Weight, chance: Random): tf.Tensor {
  if ("value" in start) return tf.fill([...shape], start.value);
  const length = shape.reduce((size, n) => size * n, 1);
  const values = Float32Array.from(
    { length },
    () => start.deviation * chance.normal(),
  );
  return tf.tensor(values, [...shape]);
}

function isWeight(tree: WeightTree): tree is Weight {
  return "start" in tree && "shape" in tree;
}

function isList(tree: WeightTree): tree is readonly WeightTree[] {
  return Array.isArray(tree);
}
