import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkFinite, fromHalf, toHalf } from "../../lib/features/half.ts";

const bitsOf = (value: number) => toHalf(Float32Array.of(value))[0];
const largestBits = 0x7bff; // 65504

/** The float32 next to a positive one. */
function next(value: number, by: 1 | -1): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0] += by;
  return new Float32Array(bits.buffer)[0];
}

describe("float16", () => {
  // The examples of IEEE 754's binary16; 0.1 and 1/3 by numpy's float16.
  for (const [value, bits] of [
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65_504, 0x7bff],
    [65_519.996, 0x7bff],
    [2 ** -14, 0x0400],
    [2 ** -14 - 2 ** -24, 0x03ff],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [3 * 2 ** -25, 0x0002],
    [2 ** -149, 0x0000],
    [1 / 3, 0x3555],
    [0.1, 0x2e66],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
  ]) {
    it(`keeps ${value} as 0x${bits.toString(16).padStart(4, "0")}`, () => {
      assert.equal(bitsOf(value), bits);
    });
  }

  it("comes back as it was, for every finite number it has", () => {
    const all = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);
    const finite = all.filter((bits) => (bits & 0x7fff) <= largestBits);
    assert.equal(finite.length, 2 * (largestBits + 1));
    assert.deepEqual(toHalf(fromHalf(finite)), finite);
  });

  it("rounds to the nearest, and a tie to even, between all neighbors", () => {
    const positive = Uint16Array.from({ length: largestBits + 1 }, (_, i) => i);
    const values = fromHalf(positive);
    for (let bits = 0; bits < largestBits; bits++) {
      const middle = (values[bits] + values[bits + 1]) / 2;
      const even = bits + (bits & 1);
      assert.deepEqual(
        [bitsOf(next(middle, -1)), bitsOf(middle), bitsOf(next(middle, 1))],
        [bits, even, bits + 1],
      );
      assert.equal(bitsOf(-middle), even | 0x8000);
    }
  });

  it("widens to the same number", () => {
    const bits = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x8001, 0x03ff, 0x3555);
    const numbers = [1, -2, 65_504, -(2 ** -24), 1023 * 2 ** -24, 1365 / 4096];
    assert.deepEqual([...fromHalf(bits)], numbers);
  });

  it("refuses what would become infinite, and says what to do", () => {
    assert.throws(() => toHalf(Float32Array.of(1, -65_520)), {
      name: "RangeError",
      message:
        "write: expected features within ±65520 for float16, got -65520 " +
        "(number 1); keep these features in float32",
    });
  });

  for (const value of [Number.NaN, Infinity, -Infinity]) {
    it(`refuses ${value} in either precision`, () => {
      const values = Float32Array.of(0, 1, value);
      const fault = {
        name: "RangeError",
        message: `write: expected finite features, got ${value} (number 2)`,
      };
      assert.throws(() => toHalf(values), fault);
      assert.throws(() => checkFinite(values), fault);
    });
  }
});
