import { distance } from "fastest-levenshtein";

/**
 * The candidate that shares most of its parts with `name`, if half do; of
 * several, the one that shares most letters.
 */
export function nearestName(
  name: string,
  candidates: readonly string[],
): string | undefined {
  const parts = split(name);
  const letterOf = alphabet();
  const spelled = (words: readonly string[]) => words.map(letterOf).join("");
  const own = spelled(parts);
  let best: string | undefined;
  let least = parts.length / 2;
  const letters = (of: string) => distance(name, of);
  for (const candidate of candidates) {
    const far = distance(own, spelled(split(candidate)));
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

/** One letter for each word, so that words are compared as letters are. */
function alphabet(): (word: string) => string {
  const letters = new Map<string, string>();
  return (word) => {
    const letter = letters.get(word) ?? String.fromCharCode(letters.size);
    letters.set(word, letter);
    return letter;
  };
}
