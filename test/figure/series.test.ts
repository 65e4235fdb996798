import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { smooth, thin, tickFormat } from "../../lib/figure/series.ts";

describe("smooth", () => {
  it("changes nothing without reach", () => {
    assert.deepEqual(smooth([3, 1, 2], 0), [3, 1, 2]);
  });

  it("keeps a constant, and does not lag on a slope", () => {
    const slope = Array.from({ length: 50 }, (_, i) => 100 - 2 * i);
    const smoothed = smooth(slope, 6);
    for (const i of [0, 3, 20, 40]) {
      assert.ok(Math.abs(smoothed[i] - slope[i]) < 1e-9, `row ${i}`);
    }
    for (const value of smooth(new Array(20).fill(7), 5)) {
      assert.ok(Math.abs(value - 7) < 1e-12);
    }
  });

  it("takes noise away", () => {
    const noisy = Array.from({ length: 200 }, (_, i) => (i % 2 ? 1 : -1));
    const inner = smooth(noisy, 10).slice(20);
    assert.ok(inner.every((value) => Math.abs(value) < 0.1));
  });
});

describe("thin", () => {
  it("leaves short series as they are", () => {
    assert.deepEqual(thin([1, 2, 3], 3), [1, 2, 3]);
  });

  it("gives means of neighbors, at most as many as asked for", () => {
    assert.deepEqual(thin([1, 3, 5, 7, 9], 3), [2, 6, 9]);
    assert.ok(thin(new Array(1001).fill(1), 240).length <= 240);
  });
});

describe("tickFormat", () => {
  it("has as many decimals as neighboring ticks need", () => {
    assert.equal(tickFormat([0, 3]), ".1f");
    assert.equal(tickFormat([0.5, 0.52]), ".3f");
    assert.equal(tickFormat([0, 400]), "");
  });
});
