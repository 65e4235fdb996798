import * as tf from "@tensorflow/tfjs";
import {
  namedLeaves,
  type Tensors,
  withLeaves,
} from "../../lib/tensor/params.ts";

/** Numbers that are drawn before they come again. */
const period = 2 ** 18;

/** Numbers in -scale..scale that look random and that Python makes as well. */
export function noise(n: number, seed: number, scale: number): Float32Array {
  const numbers = new Float32Array(n);
  const nDrawn = Math.min(n, period);
  for (let i = 0; i < nDrawn; i++) {
    const wave = 43758.5453 * Math.sin(12.9898 * (i + 1) + 78.233 * seed);
    numbers[i] = scale * (2 * (wave - Math.floor(wave)) - 1);
  }
  for (let at = period; at < n; at += period) {
    numbers.copyWithin(at, 0, Math.min(period, n - at));
  }
  return numbers;
}

/** A number that follows from a tensor's name, here and in Python. */
function seedOf(name: string): number {
  return [...name].reduce((h, c) => (31 * h + c.charCodeAt(0)) % 65_521, 7);
}

/**
 * A tree of the same form whose tensors follow from their names, so that the
 * two sides have no order to agree on. Norms are 1.
 */
export function noisyWeights<M extends Tensors>(tree: M): M {
  const values = namedLeaves(tree).map(([name, { shape, size }]) =>
    /norm_D$/i.test(name)
      ? tf.ones(shape)
      : tf.tensor(noise(size, seedOf(name), 0.05), shape),
  );
  return withLeaves(tree, values);
}
