import { basename, dirname, join } from "node:path";
import {
  type Cell,
  type CodeCell,
  isCode,
  joined,
  type Notebook,
  readNotebook,
} from "./format.ts";

/** What a cell of a solutions' notebook says in its metadata. */
export interface Solves {
  /** Id of the exercise's cell, whose place this one takes. */
  readonly pal_solves: string;
  /** Id of a cell, and what it prints once the exercise is solved. */
  readonly pal_shows?: readonly [cell: string, text: string];
}

type Solution = CodeCell & { readonly metadata: Solves };

/** The tag of a code cell that the reader is to write. */
const exerciseTag = "exercise";

/** Where the solutions of a notebook's exercises lie. */
export function solutionsPath(path: string): string {
  return join(dirname(path), "solutions", basename(path));
}

/** The code cells that the reader is to write. */
function exercisesOf({ cells }: Notebook): CodeCell[] {
  return cells.filter(isCode).filter(({ metadata }) => {
    const tags = metadata.tags;
    return Array.isArray(tags) && tags.includes(exerciseTag);
  });
}

/** The cells that take an exercise's place. */
export function solutionsOf({ cells }: Notebook): Solution[] {
  const isSolution = (cell: Cell): cell is Solution =>
    isCode(cell) && typeof cell.metadata.pal_solves === "string";
  return cells.filter(isSolution);
}

/**
 * The same notebook with its exercises solved.
 *
 * @param solutions - a cell for each exercise, and for nothing else
 * @throws RangeError that names the exercise without a solution, or the
 *   solution without an exercise
 */
export function withSolutions(
  notebook: Notebook,
  solutions: Notebook,
): Notebook {
  const wanted = exercisesOf(notebook).map(({ id }) => id);
  const found = new Map(
    solutionsOf(solutions).map((cell) => [cell.metadata.pal_solves, cell]),
  );
  const list = (ids: Iterable<string>) => [...ids].sort().join(", ") || "none";
  if (list(wanted) !== list(found.keys())) {
    throw new RangeError(
      `withSolutions: expected a solution for each exercise (${list(wanted)}), ` +
        `got them for ${list(found.keys())}; see "pal_solves" in the ` +
        "metadata of the solutions' cells",
    );
  }
  const cells = notebook.cells.map((cell) => {
    const solution = found.get(cell.id);
    return solution ? { ...cell, source: solution.source } : cell;
  });
  return { ...notebook, cells } as Notebook;
}

/** Reads a notebook with its exercises solved. */
export function readSolved(path: string): Notebook {
  return withSolutions(readNotebook(path), readNotebook(solutionsPath(path)));
}

/** What the solutions promise to show and a run of them did not. */
export function notShown(ran: Notebook, solutions: Notebook): string[] {
  return solutionsOf(solutions).flatMap(({ metadata }) => {
    if (metadata.pal_shows === undefined) return [];
    const [id, text] = metadata.pal_shows;
    const printed = printedBy(ran, id);
    if (printed.includes(text)) return [];
    return [`cell ${id}: expected it to print "${text}", got "${printed}"`];
  });
}

function printedBy({ cells }: Notebook, id: string): string {
  const cell = cells.filter(isCode).find((each) => each.id === id);
  if (cell === undefined) {
    throw new RangeError(`notShown: expected a code cell "${id}", got none`);
  }
  return cell.outputs
    .map((output) =>
      output.output_type === "stream" && output.name === "stdout"
        ? joined(output.text)
        : "",
    )
    .join("")
    .trim();
}
