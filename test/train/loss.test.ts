import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { nextTokenLoss, scoredPlaces } from "../../lib/train/loss.ts";
import { assertClose } from "../close.ts";
import { startEngine } from "../use-engine.ts";

describe("scoredPlaces", () => {
  before(startEngine);

  it("are the places before tokens that count, filled up row by row", () => {
    const tokens = [5, 6, 7, 8, 1, 2, 3, 4];
    const weights = [1, 0, 0.5, 1, 0, 0, 0, 1];
    const options = { B: 2, T: 4, perRow: 2 };
    const { at_X, target_X, weight_X } = scoredPlaces(tokens, weights, options);
    assert.deepEqual([...at_X.dataSync()], [1, 2, 6, 4]);
    assert.deepEqual([...target_X.dataSync()], [7, 8, 4, 2]);
    assert.deepEqual([...weight_X.dataSync()], [0.5, 1, 1, 0]);
  });

  it("refuse a row in which more tokens count", () => {
    const [tokens, weights] = [
      [1, 2, 3, 4],
      [0, 1, 1, 1],
    ];
    assert.throws(
      () => scoredPlaces(tokens, weights, { B: 1, T: 4, perRow: 2 }),
      {
        name: "RangeError",
        message:
          "scoredPlaces: expected at most 2 tokens that count, got 3 (row 0)",
      },
    );
  });
});

describe("nextTokenLoss", () => {
  before(startEngine);
  const target_X = () => tf.tensor1d([2, 3, 0], "int32");

  it("is ln V for a model that finds all tokens equally likely", () => {
    const scored = { target_X: target_X(), weight_X: tf.ones<tf.Rank.R1>([3]) };
    assertClose(nextTokenLoss(tf.zeros([3, 7]), scored), [Math.log(7)]);
  });

  it("is 0 for a model that is sure and right", () => {
    const sure_XV = tf.oneHot(target_X(), 7).mul<tf.Tensor2D>(100);
    const scored = { target_X: target_X(), weight_X: tf.ones<tf.Rank.R1>([3]) };
    assertClose(nextTokenLoss(sure_XV, scored), [0]);
  });

  it("counts each place by its weight", () => {
    const weight_X = tf.tensor1d([0, 1, 3]);
    const loss = (place: number) => {
      const values = new Float32Array(3 * 7);
      values[place * 7 + 5] = 9; // a wrong token
      const logits_XV = tf.tensor2d(values, [3, 7]);
      const scored = { target_X: target_X(), weight_X };
      return nextTokenLoss(logits_XV, scored).dataSync()[0];
    };
    const [even, wrong] = [Math.log(7), 9 + Math.log(1 + 6 * Math.exp(-9))];
    assertClose(
      [loss(0), loss(1), loss(2)],
      [even, (wrong + 3 * even) / 4, (even + 3 * wrong) / 4],
    );
  });
});
