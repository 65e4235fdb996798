import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  mergedCells,
  scoreBias,
  unfoldedCells,
  windowsOf,
} from "../../lib/encoder/htsat-windows.ts";

describe("windowsOf", () => {
  for (const grid of [4, 5, 8, 12]) {
    for (const isShifted of [false, true]) {
      it(`puts each of ${grid} x ${grid} cells in one place (shifted: ${isShifted})`, () => {
        const { cells, places } = windowsOf({ grid, isShifted, window: 4 });
        const inside = [...cells].filter((cell) => cell < grid * grid);
        assert.deepEqual(
          inside.sort((a, b) => a - b),
          [...places.keys()],
        );
        places.forEach((place, cell) => {
          assert.equal(cells[place], cell);
        });
      });
    }
  }

  it("reads windows row by row", () => {
    const shape = { grid: 4, isShifted: false, window: 2 };
    assert.deepEqual(
      [...windowsOf(shape).cells],
      [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15],
    );
  });

  it("moves the grid up and left, and around", () => {
    // Row 0 of the rolled grid is row 1: 5 6 7 4.
    const shape = { grid: 4, isShifted: true, window: 2 };
    const { cells, regions } = windowsOf(shape);
    assert.deepEqual([...cells.slice(0, 4)], [5, 6, 9, 10]);
    assert.deepEqual([...cells.slice(12)], [15, 12, 3, 0]);
    assert.deepEqual([...regions.slice(12)], [4, 5, 7, 8]);
  });

  it("does not shift a grid that is one window", () => {
    const { cells, regions } = windowsOf({
      grid: 4,
      isShifted: true,
      window: 4,
    });
    assert.deepEqual([...cells], [...Array(16).keys()]);
    assert.ok(regions.every((region) => region === 0));
  });
});

describe("scoreBias", () => {
  // Two heads; the table's entry tells its row and its head.
  const table = Float32Array.from({ length: 9 * 2 }, (_, i) => i);

  it("takes rows and columns from key to query", () => {
    const shape = { grid: 2, isShifted: false, window: 2 };
    const { groups, values } = scoreBias(table, shape, 2);
    assert.equal(groups, 1);
    // Query 0 (row 0, column 0), key 3 (row 1, column 1): both -1, entry 0.
    assert.equal(values[0 * 4 + 3], 0);
    // The other way: both +1, entry 8, and the second head's number beside it.
    assert.equal(values[3 * 4 + 0], 16);
    assert.equal(values[16 + 3 * 4 + 0], 17);
    // The same place: entry 4.
    assert.equal(values[0], 8);
  });

  it("puts 100 between regions that only the shift brought together", () => {
    const shape = { grid: 4, isShifted: true, window: 2 };
    const { groups, values } = scoreBias(table, shape, 2);
    assert.equal(groups, 4);
    const window = (group: number) => values.slice(group * 32, group * 32 + 4);
    assert.deepEqual([...window(0)], [8, 6, 2, 0]);
    assert.deepEqual([...window(3)], [8, 6 - 100, 2 - 100, 0 - 100]);
  });
});

describe("cells in another order", () => {
  it("merge as top left, bottom left, top right, bottom right", () => {
    assert.deepEqual([...mergedCells(4).slice(0, 8)], [0, 4, 1, 5, 2, 6, 3, 7]);
  });

  it("unfold to time, then frequency", () => {
    // Two chunks of time, two bands: rows 0 and 1 are the first chunk.
    assert.deepEqual(
      [...unfoldedCells(4, 2)],
      [0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15],
    );
  });
});
