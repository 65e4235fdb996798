/** How one Swin block cuts its square grid into windows, as plain numbers. */
export interface Windows {
  /** Windows in the grid. */
  readonly count: number;
  /** Positions in a window. */
  readonly size: number;
  /**
   * Cell of each window's position, window by window, and from `grid ** 2` on
   * for a position outside the grid.
   */
  readonly cells: Int32Array;
  /** Where each cell went: the way back. */
  readonly places: Int32Array;
  /**
   * Region of each position, window by window: only equal ones may look at
   * each other. All 0 where nothing is shifted.
   */
  readonly regions: Int32Array;
}

/** Sizes of a block's windows; an odd block shifts them by half a window. */
export interface WindowShape {
  readonly grid: number; // cells on a side
  readonly window: number; // cells on a side
  readonly isShifted: boolean;
}

/**
 * Windows of a grid whose cells are counted row by row.
 *
 * A shift moves the grid up and left by half a window and what falls off comes
 * back on the other side. If the grid is one window there is none to shift.
 */
export function windowsOf({ grid, isShifted, window }: WindowShape): Windows {
  const perSide = Math.ceil(grid / window);
  const side = perSide * window;
  const shift = isShifted && grid > window ? Math.floor(window / 2) : 0;
  const cells = new Int32Array(side * side);
  const regions = new Int32Array(side * side);
  const places = new Int32Array(grid * grid);
  const region = (at: number) =>
    shift === 0 || at < side - window ? 0 : at < side - shift ? 1 : 2;
  for (let place = 0; place < cells.length; place++) {
    const { column, row } = positionOf(place, window, perSide);
    const fromRow = (row + shift) % side;
    const fromColumn = (column + shift) % side;
    const isInside = fromRow < grid && fromColumn < grid;
    const cell = isInside ? fromRow * grid + fromColumn : grid * grid;
    cells[place] = cell;
    if (isInside) places[cell] = place;
    regions[place] = 3 * region(row) + region(column);
  }
  return { count: perSide ** 2, size: window ** 2, cells, places, regions };
}

/** Row and column of a position that is counted window by window. */
function positionOf(place: number, window: number, perSide: number) {
  const inWindow = place % (window * window);
  const nth = Math.floor(place / (window * window));
  return {
    row: Math.floor(nth / perSide) * window + Math.floor(inWindow / window),
    column: (nth % perSide) * window + (inWindow % window),
  };
}

/** Added to the score of a look between regions; the official code's number. */
const apart = -100;

/**
 * What each block adds to its scores: the bias of relative places and, if the
 * windows are shifted, the wall between regions.
 *
 * @param table - for each (rows, columns) from key to query, one bias a head
 * @returns bias_XMM with X = heads, or windows x heads if shifted
 */
export function scoreBias(
  table: Float32Array | Int32Array,
  shape: WindowShape,
  nHeads: number,
): { values: Float32Array; groups: number } {
  const { window } = shape;
  const { count, regions, size } = windowsOf(shape);
  const isMasked = regions.some((region) => region !== 0);
  const groups = isMasked ? count : 1;
  const values = new Float32Array(groups * nHeads * size * size);
  const span = 2 * window - 1;
  let at = 0;
  for (let group = 0; group < groups; group++) {
    for (let head = 0; head < nHeads; head++) {
      for (let query = 0; query < size; query++) {
        for (let key = 0; key < size; key++) {
          const rows = Math.floor(query / window) - Math.floor(key / window);
          const columns = (query % window) - (key % window);
          const row = (rows + window - 1) * span + columns + window - 1;
          const isApart =
            regions[group * size + query] !== regions[group * size + key];
          values[at++] = table[row * nHeads + head] + (isApart ? apart : 0);
        }
      }
    }
  }
  return { values, groups };
}

/**
 * Cells in the order in which merging takes them: for each new cell its top
 * left, bottom left, top right and bottom right one.
 */
export function mergedCells(grid: number): Int32Array {
  const cells: number[] = [];
  for (let row = 0; row < grid; row += 2) {
    for (let column = 0; column < grid; column += 2) {
      const first = row * grid + column;
      cells.push(first, first + grid, first + 1, first + grid + 1);
    }
  }
  return Int32Array.from(cells);
}

/**
 * Cells of the last grid in the order of time, then frequency.
 *
 * The grid's rows hold `chunks` pieces of time under each other, each with all
 * bands; its columns are the steps within a piece.
 */
export function unfoldedCells(grid: number, chunks: number): Int32Array {
  const bands = grid / chunks;
  const cells: number[] = [];
  for (let step = 0; step < chunks * grid; step++) {
    const chunk = Math.floor(step / grid);
    for (let band = 0; band < bands; band++) {
      cells.push((chunk * bands + band) * grid + (step % grid));
    }
  }
  return Int32Array.from(cells);
}
