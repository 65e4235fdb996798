import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { bicubicTaps, stretchFrames } from "../../lib/encoder/bicubic.ts";
import { startEngine } from "./support.ts";

describe("bicubicTaps", () => {
  const taps = bicubicTaps(1001, 1024);

  it("share out 1", () => {
    for (let i = 0; i < 1024; i++) {
      const sum = taps.shares.reduce((total, share) => total + share[i], 0);
      assert.ok(Math.abs(sum - 1) < 1e-6);
    }
  });

  it("keep the first and the last frame", () => {
    for (const [i, frame] of [
      [0, 0],
      [1023, 1000],
    ]) {
      const at = taps.shares.findIndex((share) => share[i] === 1);
      assert.equal(taps.frames[at][i], frame);
    }
  });

  it("stay within the frames", () => {
    for (const frames of bicubicTaps(2, 9).frames) {
      assert.ok(frames.every((frame) => frame === 0 || frame === 1));
    }
  });
});

describe("stretchFrames", () => {
  before(startEngine);

  it("leaves as many frames as are wanted as they are", () => {
    const x_BFL = tf.randomNormal<tf.Rank.R3>([1, 9, 2]);
    assert.equal(stretchFrames(x_BFL, 9), x_BFL);
  });

  it("keeps a straight line straight away from the ends", () => {
    // A cubic of any steepness reproduces a constant; with A = -0.75 a line
    // is reproduced in the middle of two samples.
    const line_BFL = tf.range(0, 5).reshape<tf.Tensor3D>([1, 5, 1]);
    const [, , , , , fifth] = stretchFrames(line_BFL, 9).dataSync();
    assert.ok(Math.abs(fifth - 2.5) < 1e-6);
  });

  it("stretches one frame by repeating it", () => {
    const one_BFL = tf.tensor3d([7], [1, 1, 1]);
    assert.deepEqual([...stretchFrames(one_BFL, 3).dataSync()], [7, 7, 7]);
  });
});
