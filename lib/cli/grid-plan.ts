import type { GridCommand } from "./grid-options.ts";

/**
 * A shell line for each run of a grid: the grid cut down to it, so that lines
 * can be run in any order, several at a time, again and again.
 *
 * @param program - what begins the line, up to the command's name
 * @throws RangeError for a folder that no line can name
 */
export function planLines(
  { folder, grid, threads }: GridCommand,
  program: readonly string[],
): string[] {
  if (/[\r\n]/.test(folder)) {
    throw new RangeError(
      "grid: expected a folder whose name has no line break, as a plan has a " +
        `line for each run, got ${JSON.stringify(folder)}; choose another`,
    );
  }
  const { designs, scale, seeds, stages } = grid;
  return seeds.flatMap((seed) =>
    designs.map(({ name }) =>
      [
        ...program,
        ...["grid", "--designs", name, "--seeds", String(seed)],
        ...["--stages", stages.join(","), "--scale", scale],
        ...(threads === undefined ? [] : ["--threads", String(threads)]),
        ...["--out", folder],
      ]
        .map(shellWord)
        .join(" "),
    ),
  );
}

/** A text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  if (/^[\w@%+:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", "'\\''")}'`;
}
