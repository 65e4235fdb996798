import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../lib/engine/compile.ts";
import { assertClose } from "../close.ts";
import { tensorflowHere } from "./tensorflow-here.ts";

describe("TensorFlow's kernels", await tensorflowHere(), () => {
  it("round whole numbers to themselves, and fractions to the even", () => {
    const whole = [-12_345_678, -1, 0, 7, 2_147_483_647];
    const x = tf.tensor1d(whole, "int32");
    assert.deepEqual([...x.round().dataSync()], whole);
    assert.equal(x.round().dtype, "int32");
    const fractions = tf.tensor1d([-1.5, -0.5, 0.5, 1.5, 2.5]);
    assertClose(fractions.round(), [-2, 0, 0, 2, 2], { atol: 0 });
  });

  it("round whole numbers in a compiled step", () => {
    const step = compile(({ x }: { readonly x: tf.Tensor1D }) => ({
      y: x.round().add<tf.Tensor1D>(1),
    }));
    const x = tf.tensor1d([5, -6], "int32");
    for (let i = 0; i < 2; i++) {
      assert.deepEqual([...step({ x }).y.dataSync()], [6, -5]);
    }
    step.dispose();
  });

  it("draw the same for the same seed, as often as the chances say", () => {
    const chances = [0.1, 0.2, 0.7];
    const logits = tf.tensor2d([chances, chances]).log() as tf.Tensor2D;
    const drawn = (seed: number) => [
      ...tf.multinomial(logits, 4000, seed).dataSync(),
    ];
    const first = drawn(3);
    assert.deepEqual(drawn(3), first);
    assert.notDeepEqual(drawn(4), first);
    assert.notDeepEqual(first.slice(0, 4000), first.slice(4000));
    for (const [x, chance] of chances.entries()) {
      const share = first.filter((one) => one === x).length / first.length;
      // Four standard deviations of 8,000 draws.
      assert.ok(Math.abs(share - chance) < 4 * Math.sqrt(chance / 8000));
    }
  });

  it("give what PReLU gives at infinity", () => {
    const x = tf.tensor1d([Number.POSITIVE_INFINITY, -2, 3, -0.5]);
    const slope = tf.tensor1d([0.5, 0.5, 0.5, 0.1]);
    const want = [Number.POSITIVE_INFINITY, -1, 3, -0.05];
    assert.deepEqual([...tf.prelu(x, slope).dataSync()].map(Math.fround), [
      ...Float32Array.from(want),
    ]);
  });
});
