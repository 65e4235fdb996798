/**
 * The candidate that shares most of its parts with `name`, if half do; of
 * several, the one that shares most letters.
 */
export function nearestName(
  name: string,
  candidates: readonly string[],
): string | undefined {
  const parts = split(name);
  let best: string | undefined;
  let least = parts.length / 2;
  const letters = (of: string) => distance([...name], [...of]);
  for (const candidate of candidates) {
    const far = distance(parts, split(candidate));
    const isTie = far === least;
    if (
      far < least ||
      (isTie && (best === undefined || letters(candidate) < letters(best)))
    ) {
      best = candidate;
      least = far;
    }
  }
  return best;
}

function split(name: string): string[] {
  return name.split(/[._]/, 24);
}

/** Levenshtein's distance, in parts of a name or in letters. */
function distance(a: readonly string[], b: readonly string[]): number {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, part] of a.entries()) {
    const row = [i + 1];
    for (const [j, other] of b.entries()) {
      row.push(
        Math.min(
          row[j] + 1,
          above[j + 1] + 1,
          above[j] + (part === other ? 0 : 1),
        ),
      );
    }
    above = row;
  }
  return above[b.length];
}
