import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { cutRegions, regionCells } from "../../lib/encoder/regions.ts";
import { startEngine } from "../use-engine.ts";

describe("regions", () => {
  before(startEngine);

  it("are blocks of the grid where the sizes divide", () => {
    const regions = regionCells({ steps: 4, bands: 4 }, { steps: 2, bands: 2 });
    assert.deepEqual(regions, [
      [0, 1, 4, 5],
      [2, 3, 6, 7],
      [8, 9, 12, 13],
      [10, 11, 14, 15],
    ]);
  });

  it("leave no cell unread, whatever the sizes", () => {
    for (const [steps, bands] of [
      [12, 4],
      [7, 3],
      [32, 2],
      [750, 1],
    ]) {
      const query = { steps: 8, bands: 2 };
      const regions = regionCells({ steps, bands }, query);
      assert.equal(regions.length, 16);
      assert.ok(regions.every((cells) => cells.length > 0));
      assert.equal(new Set(regions.flat()).size, steps * bands);
    }
  });

  it("share the cell of a coarser encoder (SSLAM's grid over HTSAT's)", () => {
    const regions = regionCells(
      { steps: 32, bands: 2 },
      { steps: 64, bands: 8 },
    );
    // Latent (i, j) reads t = i >> 1, f = j >> 2.
    assert.deepEqual(regions[5 * 8 + 6], [2 * 2 + 1]);
  });

  it("sort features without changing them", () => {
    const features_BPE = tf.range(0, 16).reshape<tf.Tensor3D>([1, 16, 1]);
    const cut_BARE = cutRegions(
      features_BPE,
      { steps: 4, bands: 4 },
      { steps: 2, bands: 1 },
    );
    assert.deepEqual(cut_BARE.shape, [1, 2, 8, 1]);
    assert.deepEqual(
      [...cut_BARE.dataSync()].slice(8),
      [8, 9, 10, 11, 12, 13, 14, 15],
    );
  });

  it("refuse regions of several sizes", () => {
    const features_BPE = tf.zeros<tf.Rank.R3>([1, 8, 2]);
    assert.throws(
      () =>
        cutRegions(
          features_BPE,
          { steps: 8, bands: 1 },
          { steps: 3, bands: 1 },
        ),
      {
        name: "RangeError",
        message:
          "cutRegions: expected regions of one size, got 8 x 1 cells for " +
          "3 x 1 regions; choose a divisor",
      },
    );
  });
});
