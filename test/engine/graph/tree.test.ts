import assert from "node:assert/strict";
import { it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import {
  leafPaths,
  rebuild,
  skeleton,
} from "../../../lib/engine/graph/tree.ts";

const tree = () => ({
  b: [tf.scalar(1), { c: tf.scalar(2) }],
  a: tf.scalar(3),
});

it("lists tensors by path, records by sorted name", () => {
  const paths = leafPaths("test", "input", tree()).map(({ path }) => path);
  assert.deepEqual(paths, ["input.a", "input.b.0", "input.b.1.c"]);
});

it("puts tensors back where it found them, names in their own order", () => {
  const original = tree();
  const tensors = leafPaths("test", "input", original).map(
    (leaf) => leaf.tensor,
  );
  const copy = rebuild(skeleton(original), tensors);
  assert.deepEqual(Object.keys(copy), ["b", "a"]);
  assert.equal(copy.a, original.a);
  assert.equal(copy.b[0], original.b[0]);
  assert.equal((copy.b[1] as { c: tf.Tensor }).c, tensors[2]);
});
