import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { htsatGrid } from "../../lib/encoder/declared/clap.ts";
import { sslamGrid } from "../../lib/encoder/declared/sslam.ts";
import { htsatConfig } from "../../lib/encoder/htsat-config.ts";
import {
  cellCover,
  type SoundGrid,
  type Span,
} from "../../lib/encoder/sound-grid.ts";
import { sslamConfig } from "../../lib/encoder/sslam.ts";

const middle = ([from, to]: Span) => (from + to) / 2;
const edges = ({ hertz }: SoundGrid) =>
  [hertz[0][0], ...hertz.map(([, to]) => to)].map(Math.round);

describe("sslamGrid", () => {
  const grid = sslamGrid(sslamConfig({}), 1024);

  it("has 64 steps of 8 bands", () => {
    assert.deepEqual([grid.steps, grid.bands], [64, 8]);
    assert.deepEqual(grid.axes, ["time", "frequency"]);
  });

  it("centers step i at 0.16 i + 0.0875 s", () => {
    grid.seconds.forEach((span, i) => {
      assert.ok(Math.abs(middle(span) - (0.16 * i + 0.0875)) < 1e-9);
    });
  });

  it("cuts its bands at the mel filters' boundaries", () => {
    // computed independently from kaldi's 128 filters, 20 to 8,000 Hz
    assert.deepEqual(
      edges(grid),
      [27, 290, 649, 1137, 1803, 2709, 3944, 5626, 7916],
    );
  });

  it("tells what a cell covers", () => {
    const { hertz, seconds } = cellCover(grid, 3 * 8 + 2);
    assert.deepEqual(hertz, grid.hertz[2]);
    assert.deepEqual(seconds, grid.seconds[3]);
    assert.throws(() => cellCover(grid, 512), /from 0 to 511, got 512/);
  });
});

describe("htsatGrid", () => {
  const grid = htsatGrid(htsatConfig({}));

  it("has 32 steps of 2 bands, cut at 2,293 Hz", () => {
    assert.deepEqual([grid.steps, grid.bands], [32, 2]);
    // computed independently from Slaney's 64 filters, 50 to 14,000 Hz
    assert.deepEqual(edges(grid), [77, 2293, 13616]);
  });

  it("covers ten seconds in steps of 0.3128 s", () => {
    assert.equal(grid.seconds[0][0], 0);
    assert.equal(grid.seconds[31][1], 10);
    for (let t = 1; t < 31; t++) {
      const center = 0.1515 + 0.31281 * t;
      assert.ok(Math.abs(middle(grid.seconds[t]) - center) < 3e-4);
    }
  });
});
