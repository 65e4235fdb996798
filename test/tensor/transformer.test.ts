import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useEngine } from "../../lib/engine/engine.ts";
import { recorder } from "../../lib/tensor/tap.ts";
import {
  type Attention,
  affine,
  gelu,
  layerNorm,
  selfAttention,
} from "../../lib/tensor/transformer.ts";

function near(actual: tf.Tensor, expected: readonly number[]): void {
  for (const [i, x] of actual.dataSync().entries()) {
    assert.ok(Math.abs(x - expected[i]) <= 1e-6, `${x}, ${expected[i]}`);
  }
}

before(() => useEngine("auto", { report: () => {} }));

describe("layerNorm", () => {
  it("gives mean 0 and variance 1, then scales and shifts", () => {
    const norm = {
      scale_E: tf.tensor1d([1, 2, 1, 1]),
      shift_E: tf.tensor1d([0, 0, 0, 10]),
    };
    // 1, 2, 3, 4: mean 2.5, variance 1.25 (over 4, not 3)
    const sd = Math.sqrt(1.25);
    near(layerNorm(tf.tensor2d([[1, 2, 3, 4]]), norm, 0), [
      -1.5 / sd,
      (2 * -0.5) / sd,
      0.5 / sd,
      1.5 / sd + 10,
    ]);
  });

  it("adds epsilon to the variance", () => {
    const norm = {
      scale_E: tf.ones<tf.Rank.R1>([2]),
      shift_E: tf.zeros<tf.Rank.R1>([2]),
    };
    near(layerNorm(tf.tensor2d([[-1, 1]]), norm, 3), [-0.5, 0.5]);
  });
});

describe("gelu", () => {
  it("is the erf form, not the tanh one", () => {
    // x times the normal distribution function, to seven digits; the tanh
    // form gives 0.8411920 and -0.0454023.
    const x = tf.tensor1d([0, 1, -2, 0.5]);
    near(gelu(x), [0, 0.8413447, -0.0455003, 0.3457312]);
  });
});

describe("affine", () => {
  it("multiplies each position and adds the bias", () => {
    const part = {
      weight_EX: tf.tensor2d([
        [1, 0, 2],
        [0, 1, 0],
      ]),
      bias_X: tf.tensor1d([10, 20, 30]),
    };
    const x_BME = tf.tensor3d([[[1, 2]], [[3, 4]]]);
    near(affine(x_BME, part), [11, 22, 32, 13, 24, 36]);
  });
});

describe("selfAttention", () => {
  const identity = (scale: number): Attention => ({
    // Queries and keys 0: every score is the bias alone. Values: the input.
    queryKeyValue: {
      weight_EX: tf.concat2d([tf.zeros([2, 4]), tf.eye(2).mul(scale)], 1),
      bias_X: tf.zeros([6]),
    },
    output: { weight_EX: tf.eye(2), bias_X: tf.zeros([2]) },
  });
  const x_BME = () =>
    tf.tensor3d([
      [
        [1, 2],
        [3, 6],
      ],
      [
        [5, 0],
        [7, 8],
      ],
    ]);

  it("without scores gives every position the mean", () => {
    const z = selfAttention(x_BME(), identity(1), { nHeads: 1 });
    near(z, [2, 4, 2, 4, 6, 4, 6, 4]);
  });

  it("gives groups of the batch their own bias", () => {
    // Group 0 forbids looking at position 1, group 1 at position 0.
    const bias_XMM = tf.tensor3d([
      [
        [0, -100],
        [0, -100],
      ],
      [
        [-100, 0],
        [-100, 0],
      ],
    ]);
    const z = selfAttention(x_BME(), identity(1), { nHeads: 1, bias_XMM });
    near(z, [1, 2, 1, 2, 7, 8, 7, 8]);
  });

  it("shows its pattern, whose rows sum to 1", () => {
    const { cache, tap } = recorder(
      (name) => name === "blocks.0.attn.hook_pattern",
    );
    selfAttention(x_BME(), identity(1), {
      nHeads: 2,
      name: "blocks.0.attn",
      tap,
    });
    const pattern = cache.get("blocks.0.attn.hook_pattern")!;
    assert.deepEqual(pattern.shape, [2, 2, 2, 2]);
    near(pattern.sum(-1), Array(8).fill(1));
  });

  it("refuses a width that its heads do not divide", () => {
    assert.throws(
      () => selfAttention(x_BME(), identity(1), { nHeads: 3 }),
      /a width divisible by 3 heads, got 2/,
    );
  });
});
