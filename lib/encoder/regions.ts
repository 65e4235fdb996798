import * as tf from "@tensorflow/tfjs";
import { forbidden } from "../tensor/layers.ts";
import { tidyTree } from "../tensor/params.ts";
import { dims } from "../tensor/shapes.ts";
import type { Grid } from "./encoder.ts";

/**
 * Cells of an encoder's grid that each region holds, region by region.
 *
 * Region (i, j) of the query grid covers the same share of the clip's time
 * and frequency on every encoder's grid; a coarser encoder's cell is shared.
 * So all bands of the query read the same cells of a grid without frequency
 * (not in the paper, whose encoders have both axes).
 */
export function regionCells(grid: Grid, query: Grid): number[][] {
  const regions: number[][] = [];
  for (let i = 0; i < query.steps; i++) {
    for (let j = 0; j < query.bands; j++) {
      const cells: number[] = [];
      for (const t of span(i, grid.steps, query.steps)) {
        for (const f of span(j, grid.bands, query.bands)) {
          cells.push(t * grid.bands + f);
        }
      }
      regions.push(cells);
    }
  }
  return regions;
}

/** Of `cells` cells, those that meet part `i` of `parts` equal parts. */
function span(i: number, cells: number, parts: number): number[] {
  const from = Math.floor((i * cells) / parts);
  const to = Math.ceil(((i + 1) * cells) / parts);
  return Array.from({ length: to - from }, (_, k) => from + k);
}

/** An encoder's features, sorted into regions. */
export type Regions = {
  readonly features_BARE: tf.Tensor4D;
  /**
   * Added to attention's scores, to leave out the cells that fill up a short
   * region; absent where all regions have R cells.
   */
  readonly mask_AR?: tf.Tensor2D;
};

/** How many cells the largest region has in each direction. */
export function largestRegion(grid: Grid, query: Grid): Grid {
  const longest = (cells: number, parts: number) =>
    Math.max(
      ...Array.from({ length: parts }, (_, i) => span(i, cells, parts).length),
    );
  return {
    steps: longest(grid.steps, query.steps),
    bands: longest(grid.bands, query.bands),
  };
}

/**
 * Sorts an encoder's cells into regions, time-major in a region as in a grid.
 *
 * Where sizes do not divide, a region with a row less repeats its last one and
 * the mask leaves it out, so that a place in a region means the same in all.
 */
export function cutRegions(
  features_BPE: tf.Tensor3D,
  grid: Grid,
  query: Grid,
): Regions {
  const P = grid.steps * grid.bands;
  const { B, E } = dims("cutRegions", features_BPE, "BPE", { P });
  const { cells, counts } = filledRegions(grid, query);
  const A = query.steps * query.bands;
  const R = cells.length / A;
  return tidyTree<Regions>(() => {
    const isSorted = cells.length === P && cells.every((p, i) => p === i);
    const sorted: tf.Tensor3D = isSorted
      ? features_BPE
      : tf.gather(features_BPE, tf.tensor1d(cells, "int32"), 1);
    const features_BARE = sorted.reshape<tf.Tensor4D>([B, A, R, E]);
    if (counts.every(Boolean)) return { features_BARE };
    const mask = counts.map((isCounted) => (isCounted ? 0 : forbidden));
    return { features_BARE, mask_AR: tf.tensor2d(mask, [A, R]) };
  });
}

/** The cells of all regions, each filled up to the largest one's size. */
function filledRegions(
  grid: Grid,
  query: Grid,
): { cells: number[]; counts: boolean[] } {
  const size = largestRegion(grid, query);
  const filled = (of: readonly number[], length: number) =>
    Array.from({ length }, (_, k) => ({
      at: of[Math.min(k, of.length - 1)],
      isCounted: k < of.length,
    }));
  const cells: number[] = [];
  const counts: boolean[] = [];
  for (let i = 0; i < query.steps; i++) {
    const steps = filled(span(i, grid.steps, query.steps), size.steps);
    for (let j = 0; j < query.bands; j++) {
      const bands = filled(span(j, grid.bands, query.bands), size.bands);
      for (const t of steps) {
        for (const f of bands) {
          cells.push(t.at * grid.bands + f.at);
          counts.push(t.isCounted && f.isCounted);
        }
      }
    }
  }
  return { cells, counts };
}
