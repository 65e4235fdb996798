import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import {
  cutRegions,
  largestRegion,
  regionCells,
} from "../../lib/encoder/regions.ts";
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
    const { features_BARE, mask_AR } = cutRegions(
      features_BPE,
      { steps: 4, bands: 4 },
      { steps: 2, bands: 2 },
    );
    assert.deepEqual(features_BARE.shape, [1, 4, 4, 1]);
    assert.deepEqual(
      [...features_BARE.dataSync()],
      [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15],
    );
    assert.equal(mask_AR, undefined);
  });

  it("that are short repeat their last cells, left out by the mask", () => {
    const features_BPE = tf.range(0, 5).reshape<tf.Tensor3D>([1, 5, 1]);
    const { features_BARE, mask_AR } = cutRegions(
      features_BPE,
      { steps: 5, bands: 1 },
      { steps: 3, bands: 1 },
    );
    // floor(5 i / 3) to ceil(5 (i + 1) / 3): 0..1, 1..3, 3..4.
    assert.deepEqual(
      [...features_BARE.dataSync()],
      [0, 1, 1, 1, 2, 3, 3, 4, 4],
    );
    assert.deepEqual(
      [...mask_AR!.dataSync()].map((x) => x === 0),
      [true, true, false, true, true, true, true, true, false],
    );
  });

  it("keep every cell that regionCells names, and no other", () => {
    const grids = fc.record({
      steps: fc.integer({ min: 1, max: 12 }),
      bands: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(grids, grids, (grid, query) => {
        const P = grid.steps * grid.bands;
        const features_BPE = tf.range(0, P).reshape<tf.Tensor3D>([1, P, 1]);
        const cut = cutRegions(features_BPE, grid, query);
        const [, A, R] = cut.features_BARE.shape;
        const { bands, steps } = largestRegion(grid, query);
        assert.equal(R, steps * bands);
        const cells = cut.features_BARE.dataSync();
        const mask = cut.mask_AR?.dataSync();
        const kept = Array.from({ length: A }, (_, a) =>
          [...cells.slice(a * R, (a + 1) * R)].filter(
            (_, r) => !mask || mask[a * R + r] === 0,
          ),
        );
        assert.deepEqual(kept, regionCells(grid, query));
      }),
      { numRuns: 40, seed: 4 },
    );
  });

  it("refuse features of another grid", () => {
    assert.throws(
      () =>
        cutRegions(
          tf.zeros([1, 9, 2]),
          { steps: 4, bands: 2 },
          { steps: 2, bands: 1 },
        ),
      {
        name: "RangeError",
        message: "cutRegions: expected P=8 in axes BPE, got shape [1,9,2]",
      },
    );
  });

  it("leave no tensor behind but features and mask", () => {
    const features_BPE = tf.zeros<tf.Rank.R3>([1, 5, 2]);
    const held = tf.memory().numTensors;
    cutRegions(features_BPE, { steps: 5, bands: 1 }, { steps: 3, bands: 1 });
    assert.equal(tf.memory().numTensors, held + 2);
  });
});
