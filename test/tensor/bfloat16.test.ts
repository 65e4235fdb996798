import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../lib/engine/compile.ts";
import {
  gatherPacked,
  isPacked,
  packBfloat16,
  productOfPacked,
  unpacked,
} from "../../lib/tensor/bfloat16.ts";
import { linear } from "../../lib/tensor/layers.ts";
import { countParameters } from "../../lib/tensor/params.ts";
import { assertClose } from "../close.ts";
import { startEngine } from "../use-engine.ts";

const normal = (shape: number[], seed: number) =>
  tf.randomNormal(shape, 0, 1, "float32", seed);

describe("packed bfloat16", () => {
  before(startEngine);

  it("rounds to the nearest, ties to even", () => {
    // By 2^-8 in steps of 2^-7 above 1: half a step.
    const half = 2 ** -8;
    const given = [1 + half, 1 + 3 * half, 1 + 1.01 * half, -1 - half];
    const other = [3.4e38, Number.NaN, Number.NEGATIVE_INFINITY, -0];
    const packed = packBfloat16(
      Float32Array.from([...given, ...other]),
      [1, 8],
    );
    const [a, b, c, d, large, none, infinite, zero] =
      unpacked(packed).dataSync();
    assert.deepEqual([a, b, c, d], [1, 1 + 4 * half, 1 + 2 * half, -1]);
    assert.equal(large, Number.POSITIVE_INFINITY); // beyond the largest
    assert.ok(Number.isNaN(none));
    assert.equal(infinite, Number.NEGATIVE_INFINITY);
    assert.ok(Object.is(zero, -0));
  });

  it("holds two in an int32 and counts both", () => {
    const packed = packBfloat16(new Float32Array(48), [6, 8]);
    assert.deepEqual(packed.shape, [1, 6, 4]);
    assert.equal(isPacked(packed), true);
    assert.equal(countParameters([packed]), 48);
    assert.equal(isPacked(tf.zeros([2, 2])), false);
  });

  for (const [D, G] of [
    [64, 1],
    [3072, 1],
    [4096, 2],
    [8192, 3 + 1],
  ]) {
    it(`multiplies as its numbers in float32 do, ${D} inputs`, () => {
      const rows = normal([6, D], 1).dataSync<"float32">();
      const packed = packBfloat16(rows, [6, D]);
      assert.deepEqual(packed.shape, [G, 6, D / G / 2]);
      const x_BTD = normal([2, 3, D], 2) as tf.Tensor3D;
      const whole = linear(x_BTD, unpacked(packed));
      const atol = 1e-6 * D;
      assertClose(linear(x_BTD, packed), whole.dataSync(), { atol });
      const compiled = compile(
        (input: { readonly x: tf.Tensor3D; readonly weight: tf.Tensor2D }) => ({
          y: linear(input.x, input.weight),
        }),
        { report: () => {} },
      );
      for (let i = 0; i < 2; i++) {
        const { y } = compiled({ x: x_BTD, weight: packed });
        assertClose(y, whole.dataSync(), { atol });
      }
      compiled.dispose();
    });
  }

  it("gives its rows as a table does", () => {
    const packed = packBfloat16(
      normal([9, 4096], 3).dataSync<"float32">(),
      [9, 4096],
    );
    const at_BT = tf.tensor2d([8, 0, 3, 3], [2, 2], "int32");
    const table = unpacked(packed).transpose();
    const want = tf.gather(table, at_BT);
    assertClose(gatherPacked(packed, at_BT), want.dataSync(), { atol: 0 });
  });

  it("lets a gradient through to what it multiplies", () => {
    const packed = packBfloat16(
      normal([5, 8], 4).dataSync<"float32">(),
      [5, 8],
    );
    const x_RD = normal([3, 8], 5) as tf.Tensor2D;
    const of = (product: (x: tf.Tensor2D) => tf.Tensor) =>
      tf.grad((x) =>
        product(x as tf.Tensor2D)
          .square()
          .sum(),
      )(x_RD);
    const want = of((x) => x.matMul(unpacked(packed)));
    const got = of((x) => productOfPacked(x, packed));
    assertClose(got, want.dataSync(), { atol: 1e-4 });
  });

  it("refuses an odd number of inputs, and inputs of another number", () => {
    const odd = () => packBfloat16(new Float32Array(6), [2, 3]);
    assert.throws(odd, /expected an even number of inputs, got 3/);
    const packed = packBfloat16(new Float32Array(8), [2, 4]);
    const other = () => linear(tf.zeros([1, 1, 6]), packed);
    assert.throws(other, /expected 4 inputs for packed weights .*, got 6/);
  });

  it("leaves no tensor behind", () => {
    const packed = packBfloat16(new Float32Array(8), [2, 4]);
    const x = tf.zeros<tf.Rank.R3>([1, 1, 4]);
    const { numDataBuffers, numTensors } = tf.memory();
    tf.tidy(() => {
      linear(x, packed).dataSync();
      unpacked(packed).dataSync();
    });
    assert.equal(tf.memory().numTensors, numTensors);
    assert.equal(tf.memory().numDataBuffers, numDataBuffers);
  });
});
