import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import {
  linear,
  mergeHeads,
  normalMatrix,
  rmsNorm,
  silu,
  splitHeads,
} from "../../lib/tensor/layers.ts";
import { random } from "../../lib/tensor/random.ts";
import { dims } from "../../lib/tensor/shapes.ts";
import { patch, recorder } from "../../lib/tensor/tap.ts";
import { assertClose } from "../close.ts";
import { startEngine } from "../use-engine.ts";

const x_BTD = () =>
  normalMatrix(random("layers"), [6, 8], 1).reshape<tf.Tensor3D>([2, 3, 8]);

type Change = (x: tf.Tensor) => tf.Tensor;

describe("layers", () => {
  before(startEngine);

  it("split heads and merge them again without a change", () => {
    const x = x_BTD();
    assertClose(mergeHeads(splitHeads(x, 4)), x, { atol: 0 });
  });

  it("scale each position to root mean square 1", () => {
    const normed = rmsNorm(x_BTD().mul(100) as tf.Tensor3D, tf.ones([8]));
    assertClose(normed.square().mean(-1), new Float32Array(6).fill(1));
  });

  it("apply a matrix at every position", () => {
    const y_BTX = linear(
      tf.tensor3d([[[1, 2]], [[3, 4]]]),
      tf.tensor2d([[1], [10]]),
    );
    assert.deepEqual([...y_BTX.dataSync()], [21, 43]);
  });

  it("bend as x times its logistic", () => {
    // 1 / (1 + e^-1) = 0.7310586
    assertClose(silu(tf.tensor1d([0, 1])), [0, 0.7310586], { atol: 1e-6 });
  });

  const scale_D = () => tf.linspace(0.5, 2, 8);
  const formulas: Record<string, readonly [ours: Change, formula: Change]> = {
    silu: [silu, (x) => x.mul(x.sigmoid())],
    rmsNorm: [
      (x) => rmsNorm(x, scale_D()),
      (x) => x.div(x.square().mean(-1, true).add(1e-5).sqrt()).mul(scale_D()),
    ],
  };
  for (const [name, [ours, formula]] of Object.entries(formulas)) {
    it(`have the gradient of their formula: ${name}`, () => {
      const weight_XD = normalMatrix(random("weight"), [6, 8], 1);
      const gradientOf = (change: Change) =>
        tf.grad((x) => change(x).mul(weight_XD.reshape(x.shape)).sum())(
          x_BTD(),
        );
      assertClose(gradientOf(ours), gradientOf(formula));
    });
  }

  it("refuse heads that do not divide the width", () => {
    assert.throws(() => splitHeads(x_BTD(), 3), {
      message: "splitHeads: expected X divisible by N=3, got X=8",
    });
  });

  it("name the axis that does not fit", () => {
    assert.throws(() => dims("attend", x_BTD(), "BMD", { D: 64 }), {
      name: "RangeError",
      message: "attend: expected D=64 in axes BMD, got shape [2,3,8]",
    });
    assert.throws(() => dims("attend", x_BTD(), "BD"), {
      message: "attend: expected axes BD, got shape [2,3,8]",
    });
  });
});

describe("taps", () => {
  before(startEngine);

  it("keep what they are asked for and pass it on unchanged", () => {
    const { cache, tap } = recorder((name) => name.endsWith("post"));
    const x = x_BTD();
    assert.equal(tap("blocks.0.hook_resid_post", x), x);
    tap("blocks.0.hook_resid_pre", x);
    assert.deepEqual([...cache.keys()], ["blocks.0.hook_resid_post"]);
  });

  it("put a donor in one place only", () => {
    const [x, donor] = [x_BTD(), tf.zeros([2, 3, 8])];
    const tap = patch("here", donor);
    assert.equal(tap("here", x), donor);
    assert.equal(tap("there", x), x);
  });
});
