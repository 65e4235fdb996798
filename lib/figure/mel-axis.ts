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

/** Where a frequency lies, counted in bands, or undefined outside of them. */
function placeOf(hz: number, bandHz: readonly number[]): number | undefined {
  const above = bandHz.findIndex((center) => center >= hz);
  if (above < 0) return undefined;
  if (bandHz[above] === hz) return above;
  if (above === 0) return undefined;
  const below = bandHz[above - 1];
  return above - 1 + (hz - below) / (bandHz[above] - below);
}
