import { diffArrays } from "diff";

/**
 * The way from one text to another, line by line.
 *
 * @returns lines after "- " (only before), "+ " (only after) or two spaces
 */
export function diffLines(
  before: readonly string[],
  after: readonly string[],
): string[] {
  return diffArrays([...before], [...after]).flatMap(
    ({ added, removed, value }) => {
      const mark = added ? "+ " : removed ? "- " : "  ";
      return value.map((line) => mark + line);
    },
  );
}
