import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useEngine } from "../../lib/engine/engine.ts";

describe("wasm", () => {
  const handlers = () => [
    process.listenerCount("uncaughtException"),
    process.listenerCount("unhandledRejection"),
  ];
  const handlersBefore = handlers();
  before(() => useEngine("wasm"));

  it("leaves Node's reports of uncaught errors alone", () => {
    assert.deepEqual(handlers(), handlersBefore);
  });

  it("multiplies transposed matrices as it does plain ones", () => {
    const [a, b] = [
      tf.tensor2d([
        [1, 2, 3],
        [4, 5, 6],
      ]),
      tf.tensor2d([[1], [2]]),
    ];
    // Column sums weighted 1 and 2: 1 + 8, 2 + 10, 3 + 12.
    const product = tf.matMul(a, b, true, false);
    assert.deepEqual(product.shape, [3, 1]);
    assert.deepEqual([...product.dataSync()], [9, 12, 15]);

    const x = tf.randomNormal<tf.Rank.R4>([2, 1, 3, 4], 0, 1, "float32", 1);
    const y = tf.randomNormal<tf.Rank.R4>([2, 5, 2, 3], 0, 1, "float32", 2);
    const both = tf.matMul(x, y, true, true);
    const plain = tf.matMul(
      x.transpose([0, 1, 3, 2]),
      y.transpose([0, 1, 3, 2]),
    );
    assert.deepEqual(both.shape, [2, 5, 4, 2]);
    assert.deepEqual([...both.dataSync()], [...plain.dataSync()]);
  });

  it("has the gradient of gather: rows asked for twice get both", () => {
    const table = tf.tensor2d([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const ids = tf.tensor1d([2, 0, 2], "int32");
    const slope = tf.grad((x) =>
      tf
        .gather(x, ids)
        .mul(tf.tensor2d([[1], [10], [100]]))
        .sum(),
    )(table);
    assert.deepEqual([...slope.dataSync()], [10, 10, 0, 0, 101, 101]);
  });

  it("leaves out negative segments, as TensorFlow does", () => {
    const x = tf.tensor2d([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const sums = tf.unsortedSegmentSum(x, tf.tensor1d([1, -1, 1], "int32"), 2);
    assert.deepEqual([...sums.dataSync()], [0, 0, 6, 8]);
  });

  it("leaves one tensor behind", () => {
    const x = tf.ones([4, 4]);
    const before = tf.memory();
    const product = tf.matMul(x, x, true, true);
    const after = tf.memory();
    assert.equal(after.numTensors, before.numTensors + 1);
    assert.equal(after.numDataBuffers, before.numDataBuffers + 1);
    product.dispose();
  });
});
