import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cellAt, regionCover, sharedPart } from "../../lib/encoder/cover.ts";
import { htsatGrid } from "../../lib/encoder/declared/clap.ts";
import { sslamGrid } from "../../lib/encoder/declared/sslam.ts";
import { htsatConfig } from "../../lib/encoder/htsat-config.ts";
import { regionCells } from "../../lib/encoder/regions.ts";
import { sslamConfig } from "../../lib/encoder/sslam.ts";

const sslam = sslamGrid(sslamConfig({}), 1024);
const clap = htsatGrid(htsatConfig({}));
const query = { steps: 32, bands: 2 };

describe("regionCover", () => {
  it("reaches from the first to the last cell of a region", () => {
    // Steps 52 and 53, bands 4 to 7: 16 frames of 10 ms and a 25 ms window.
    const cells = regionCells(sslam, query)[53];
    const { hertz, seconds } = regionCover(sslam, cells);
    assert.deepEqual(
      seconds.map((second) => second.toFixed(3)),
      ["8.320", "8.655"],
    );
    assert.deepEqual(hertz.map(Math.round), [1803, 7916]);
  });

  it("drifts apart in two grids that last differently", () => {
    const shares = regionCells(sslam, query).map((cells, i) =>
      sharedPart(
        regionCover(sslam, cells).seconds,
        regionCover(clap, regionCells(clap, query)[i]).seconds,
      ),
    );
    const ofSteps = shares.filter((_, i) => i % query.bands === 0);
    assert.deepEqual(
      ofSteps,
      [...ofSteps].sort((a, b) => b - a),
    );
    assert.ok(ofSteps[0] > 0.9 && ofSteps[31] < 0.25);
  });

  it("refuses no cells", () => {
    assert.throws(() => regionCover(clap, []), /at least one cell, got none/);
  });
});

describe("cellAt", () => {
  it("finds the cell that covers a spot", () => {
    for (const grid of [sslam, clap]) {
      for (const cell of [0, 1, 17, grid.steps * grid.bands - 1]) {
        const { hertz, seconds } = regionCover(grid, [cell]);
        const middle = {
          seconds: (seconds[0] + seconds[1]) / 2,
          hertz: (hertz[0] + hertz[1]) / 2,
        };
        assert.equal(cellAt(grid, middle), cell);
      }
    }
  });

  it("refuses a spot that no cell hears", () => {
    assert.throws(() => cellAt(sslam, { seconds: 1, hertz: 9000 }), {
      name: "RangeError",
      message:
        "cellAt: expected a spot on the grid of 64 x 8 cells, 0.00 to 10.26 " +
        "s and 27 to 7916 Hz, got 1 s, 9000 Hz",
    });
  });
});

describe("sharedPart", () => {
  it("is a share of the first span", () => {
    assert.equal(sharedPart([0, 4], [1, 2]), 0.25);
    assert.equal(sharedPart([1, 2], [0, 4]), 1);
    assert.equal(sharedPart([0, 1], [1, 2]), 0);
    assert.equal(sharedPart([0, 1], [5, 6]), 0);
  });
});
