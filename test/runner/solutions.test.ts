import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { joined, type Notebook } from "../../notebooks/runner/format.ts";
import { notShown, withSolutions } from "../../notebooks/runner/solutions.ts";
import { notebookOf } from "./support.ts";

const exercise = notebookOf(["const a = 1;", "const b = 0; // yours"], {
  1: ["exercise"],
});

/** A notebook of solutions for these cells. */
function solving(...ids: readonly string[]): Notebook {
  const notebook = notebookOf(ids.map(() => "const b = 2;"));
  const cells = notebook.cells.map((cell, i) => ({
    ...cell,
    id: `solution-${i}`,
    metadata: { pal_solves: ids[i], pal_shows: ["cell-0", "b is 2"] },
  }));
  return { ...notebook, cells } as Notebook;
}

describe("withSolutions", () => {
  it("puts a solution in its exercise's place, and nothing else", () => {
    const { cells } = withSolutions(exercise, solving("cell-1"));
    assert.deepEqual(
      cells.map(({ id, source }) => [id, joined(source)]),
      [
        ["cell-0", "const a = 1;"],
        ["cell-1", "const b = 2;"],
      ],
    );
  });

  it("refuses an exercise without a solution, and the other way round", () => {
    assert.throws(
      () => withSolutions(exercise, solving()),
      /expected a solution for each exercise \(cell-1\), got them for none/,
    );
    assert.throws(
      () => withSolutions(exercise, solving("cell-1", "cell-7")),
      /got them for cell-1, cell-7; see "pal_solves"/,
    );
  });
});

describe("notShown", () => {
  const printing = (text: string) => {
    const { cells, ...rest } = exercise;
    const output = { output_type: "stream", name: "stdout", text };
    const [first, ...others] = cells;
    return { ...rest, cells: [{ ...first, outputs: [output] }, ...others] };
  };

  it("is empty when the cell prints what was promised", () => {
    const ran = printing("so b is 2\n") as Notebook;
    assert.deepEqual(notShown(ran, solving("cell-1")), []);
  });

  it("says what a wrong solution printed instead", () => {
    const ran = printing("so b is 0\n") as Notebook;
    assert.deepEqual(notShown(ran, solving("cell-1")), [
      'cell cell-0: expected it to print "b is 2", got "so b is 0"',
    ]);
  });
});
