/** A training step in parts, each compiled alone, to see where time goes. */
import * as tf from "@tensorflow/tfjs";
import { llamaParts, unembedding } from "../../lib/llm/llama.ts";
import type { Product } from "../../lib/llm/part.ts";
import type { Size } from "./tasks.ts";

/** All that leads to the gradients, to the loss, or matrix products alone. */
export type Part = "gradients" | "forward" | "products";

/**
 * Every matrix product of a training step, on numbers that are there already:
 * for each of the forward pass one more by each of its factors.
 */
export function productsOf({ B, llama, T }: Size): tf.Tensor[][] {
  const rows = { A: 0, B, M: T, R: T, S: T, isNext: false };
  const layer = llamaParts.flatMap((part) => part.products(llama, rows));
  const layers = Array.from({ length: llama.nLayers }, () => layer).flat();
  const last = unembedding.products(llama, B * T) as Product[];
  return [...layers, ...last].map(factorsOf);
}

function factorsOf({
  factors,
  sizes: [rows, inner, columns],
  times,
}: Product): tf.Tensor[] {
  // Products with weights run over all rows of a batch at once.
  const isJoined = factors.includes("weights");
  const batch = isJoined ? [] : [times];
  const R = isJoined ? times * rows : rows;
  return [
    [...batch, R, inner],
    [...batch, inner, columns],
    [...batch, R, columns],
  ].map((shape) => tf.randomNormal(shape, 0, 1, "float32", 1));
}

/** All products of a step: y = x w, then y w' and x' y. */
export function multiply(all: readonly (readonly tf.Tensor[])[]) {
  return all.flatMap(([x, w, y]) => [
    tf.matMul(x, w),
    tf.matMul(y, w, false, true),
    tf.matMul(x, y, true),
  ]);
}
