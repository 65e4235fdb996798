/** What was run, which step of it (or what else), and what came out. */
export type Line = readonly [
  run: string,
  step: number | string,
  value: number | string,
];

export const textOf = (lines: readonly Line[]): string =>
  lines.map(([run, step, value]) => `${run} ${step}: ${value}\n`).join("");

/** What differs between two texts of lines: their places, and how far. */
export interface Difference {
  readonly line: string;
  readonly kept: string;
  readonly now: string;
}

/** The lines of two texts that are not the same, by run and step. */
export function differences(kept: string, now: string): Difference[] {
  const [before, after] = [kept, now].map(valuesOf);
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names]
    .map((line) => ({
      line,
      kept: before.get(line) ?? "absent",
      now: after.get(line) ?? "absent",
    }))
    .filter((one) => one.kept !== one.now);
}

/** Lines of results: those that begin with # tell how they came about. */
export function linesIn(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => line.includes(": ") && !line.startsWith("#"));
}

function valuesOf(text: string): Map<string, string> {
  return new Map(
    linesIn(text).map((line) => {
      const at = line.indexOf(": ");
      return [line.slice(0, at), line.slice(at + 2)];
    }),
  );
}

/** The largest relative difference of numbers; undefined where words differ. */
export function largestShift(found: readonly Difference[]): number | undefined {
  const shifts = found.map(({ kept, now }) =>
    Math.abs(Number(now) / Number(kept) - 1),
  );
  const largest = Math.max(0, ...shifts);
  return Number.isFinite(largest) ? largest : undefined;
}
