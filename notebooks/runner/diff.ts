/** Beyond it, texts that differ are shown one after the other. */
const largestTable = 4_000_000;

/**
 * The shortest way from one text to another, line by line.
 *
 * @returns lines after "- " (only before), "+ " (only after) or two spaces
 */
export function diffLines(
  before: readonly string[],
  after: readonly string[],
): string[] {
  const start = sameLines(before, after);
  if (start > 0) {
    const same = before.slice(0, start).map((line) => `  ${line}`);
    return [...same, ...diffLines(before.slice(start), after.slice(start))];
  }
  if (before.length * after.length > largestTable) {
    return [
      ...before.map((line) => `- ${line}`),
      ...after.map((line) => `+ ${line}`),
    ];
  }
  return diffByTable(before, after);
}

/** How many lines the two begin with in common. */
function sameLines(
  before: readonly string[],
  after: readonly string[],
): number {
  let n = 0;
  while (n < before.length && n < after.length && before[n] === after[n]) n++;
  return n;
}

function diffByTable(
  before: readonly string[],
  after: readonly string[],
): string[] {
  const common = commonLengths(before, after);
  const lines: string[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push(`  ${before[i++]}`);
      j++;
    } else if (
      j === after.length ||
      (i < before.length && common[i + 1][j] >= common[i][j + 1])
    ) {
      lines.push(`- ${before[i++]}`);
    } else {
      lines.push(`+ ${after[j++]}`);
    }
  }
  return lines;
}

/** Entry [i][j]: lines that before from i and after from j have in common. */
function commonLengths(
  before: readonly string[],
  after: readonly string[],
): number[][] {
  const table = Array.from({ length: before.length + 1 }, () =>
    new Array<number>(after.length + 1).fill(0),
  );
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      table[i][j] =
        before[i] === after[j]
          ? table[i + 1][j + 1] + 1
          : Math.max(table[i + 1][j], table[i][j + 1]);
    }
  }
  return table;
}
