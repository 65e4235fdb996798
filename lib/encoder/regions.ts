import * as tf from "@tensorflow/tfjs";
import { dims } from "../tensor/shapes.ts";
import type { Grid } from "./encoder.ts";

/**
 * Cells of an encoder's grid that each region holds, region by region.
 *
 * Region (i, j) of the query grid covers the same share of the clip's time
 * and frequency on every encoder's grid; a coarser encoder's cell is shared.
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

/** Sorts an encoder's cells into regions: features_BPE to features_BARE. */
export function cutRegions(
  features_BPE: tf.Tensor3D,
  grid: Grid,
  query: Grid,
): tf.Tensor4D {
  const P = grid.steps * grid.bands;
  const { B, E } = dims("cutRegions", features_BPE, "BPE", { P });
  const regions = regionCells(grid, query);
  const A = regions.length;
  const R = regions[0].length;
  if (regions.some((cells) => cells.length !== R)) {
    throw new RangeError(
      `cutRegions: expected regions of one size, got ` +
        `${grid.steps} x ${grid.bands} cells for ` +
        `${query.steps} x ${query.bands} regions; choose a divisor`,
    );
  }
  return tf.tidy(() => {
    const cells = tf.tensor1d(regions.flat(), "int32");
    return tf.gather(features_BPE, cells, 1).reshape([B, A, R, E]);
  });
}
