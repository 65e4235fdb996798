/** Frequencies worth a label, in Hz. */
const marks = [
  50, 100, 200, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000,
] as const;

/** Each band's frequency in words, with as many digits as tell them apart. */
export function bandNames(bandHz: readonly number[]): string[] {
  for (let digits = 0; ; digits++) {
    const names = bandHz.map((hz) => `${hz.toFixed(digits)} Hz`);
    if (new Set(names).size === names.length || digits === 6) return names;
  }
}

/**
 * Axis of bands at equal distances, with round frequencies where they lie.
 *
 * @param height - of the axis, in pixels: crowded labels are left out
 */
export function hertzTicks(bandHz: readonly number[], height: number) {
  const step = height / bandHz.length;
  const tickvals: number[] = [];
  const ticktext: string[] = [];
  for (const hz of marks.toReversed()) {
    const place = placeOf(hz, bandHz);
    const above = tickvals.at(-1) ?? Number.POSITIVE_INFINITY;
    if (place === undefined || (above - place) * step < 20) continue;
    tickvals.push(place);
    ticktext.push(String(hz));
  }
  return { type: "category" as const, tickvals, ticktext };
}

/** Place of a frequency on an axis that is even in mel (HTK's formula). */
export function melOf(hz: number): number {
  return 2595 * Math.log10(1 + hz / 700);
}

/**
 * Axis from a lowest to a highest frequency in Hz, for places by `melOf`.
 *
 * @param height - of the axis, in pixels: crowded labels are left out
 */
export function melAxis(
  [lowest, highest]: readonly [number, number],
  height: number,
) {
  const range: [number, number] = [melOf(lowest), melOf(highest)];
  const step = height / (range[1] - range[0]);
  const shown: number[] = [];
  for (const hz of marks.toReversed()) {
    if (hz < lowest || hz > highest) continue;
    const above = melOf(shown.at(-1) ?? Number.POSITIVE_INFINITY);
    if ((above - melOf(hz)) * step >= 20) shown.push(hz);
  }
  return { range, tickvals: shown.map(melOf), ticktext: shown.map(String) };
}

/** Where a frequency lies, counted in bands, or undefined outside of them. */
function placeOf(hz: number, bandHz: readonly number[]): number | undefined {
  const above = bandHz.findIndex((center) => center >= hz);
  if (above < 0) return undefined;
  if (bandHz[above] === hz) return above;
  if (above === 0) return undefined;
  const below = bandHz[above - 1];
  return above - 1 + (hz - below) / (bandHz[above] - below);
}
