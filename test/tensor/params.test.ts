import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import {
  countParameters,
  disposeTensors,
  fromPlain,
  leaves,
  mapTensors,
  namedLeaves,
  toPlain,
  withLeaves,
} from "../../lib/tensor/params.ts";
import { startEngine } from "../use-engine.ts";

const tree = () => ({
  norm_D: tf.tensor1d([1, 2]),
  blocks: [{ up_DW: tf.tensor2d([[1, 2, 3]]) }, { up_DW: tf.ones([2, 2]) }],
});

describe("parameter trees", () => {
  before(startEngine);

  it("name their tensors by the way that leads there", () => {
    assert.deepEqual(
      namedLeaves(tree()).map(([name]) => name),
      ["blocks.0.up_DW", "blocks.1.up_DW", "norm_D"],
    );
  });

  it("have one order, whatever the order of their fields", () => {
    const { blocks, norm_D } = tree();
    const names = namedLeaves({ blocks, norm_D }).map(([name]) => name);
    assert.deepEqual(
      names,
      namedLeaves({ norm_D, blocks }).map(([name]) => name),
    );
    const many = Array.from({ length: 12 }, () => tf.scalar(0));
    const places = namedLeaves({ many }).map(([name]) => name);
    assert.equal(places[10], "many.10"); // by index, not "1", "10", "11", "2"
  });

  it("count every number once", () => {
    assert.equal(countParameters(tree()), 2 + 3 + 4);
  });

  it("keep their form under a map", () => {
    const doubled = mapTensors(tree(), (leaf) => leaf.mul(2));
    assert.deepEqual([...doubled.blocks[0].up_DW.dataSync()], [2, 4, 6]);
    assert.deepEqual(Object.keys(doubled), ["norm_D", "blocks"]);
  });

  it("come back from plain data as they were", () => {
    const numbers = { ...tree(), ids: tf.tensor1d([1, 2], "int32") };
    const back = fromPlain<typeof numbers>(structuredClone(toPlain(numbers)));
    assert.equal(back.ids.dtype, "int32");
    leaves(numbers).forEach((leaf, i) => {
      assert.deepEqual(leaves(back)[i].shape, leaf.shape);
      assert.deepEqual(leaves(back)[i].dataSync(), leaf.dataSync());
    });
  });

  it("are freed whole", () => {
    const held = tf.memory().numTensors;
    disposeTensors(tree());
    assert.equal(tf.memory().numTensors, held);
  });

  it("refuse another number of tensors", () => {
    assert.throws(() => withLeaves(tree(), [tf.scalar(1)]), {
      name: "RangeError",
      message: "withLeaves: expected 3 tensors, got 1",
    });
  });

  it("refuse truth values as plain data", () => {
    assert.throws(() => toPlain([tf.tensor1d([true])]), {
      name: "TypeError",
      message: "toPlain: expected float32 or int32, got bool",
    });
  });
});
