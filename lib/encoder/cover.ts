import { cellCover, type SoundGrid, type Span } from "./sound-grid.ts";

/** What some cells of a grid cover together, from end to end. */
export function regionCover(
  grid: SoundGrid,
  cells: readonly number[],
): { seconds: Span; hertz: Span } {
  if (cells.length === 0) {
    throw new RangeError("regionCover: expected at least one cell, got none");
  }
  const covers = cells.map((cell) => cellCover(grid, cell));
  return {
    seconds: hull(covers.map(({ seconds }) => seconds)),
    hertz: hull(covers.map(({ hertz }) => hertz)),
  };
}

/** The cell that hears a moment of a frequency. */
export function cellAt(
  { bands, hertz, seconds, steps }: SoundGrid,
  spot: { readonly seconds: number; readonly hertz: number },
): number {
  const covers =
    (place: number) =>
    ([from, to]: Span) =>
      from <= place && place < to;
  const step = seconds.findIndex(covers(spot.seconds));
  const band = hertz.findIndex(covers(spot.hertz));
  if (step >= 0 && band >= 0) return step * bands + band;
  throw new RangeError(
    `cellAt: expected a spot on the grid of ${steps} x ${bands} cells, ` +
      `${seconds[0][0].toFixed(2)} to ${seconds[steps - 1][1].toFixed(2)} s ` +
      `and ${Math.round(hertz[0][0])} to ${Math.round(hertz[bands - 1][1])} ` +
      `Hz, got ${spot.seconds} s, ${spot.hertz} Hz`,
  );
}

function hull(spans: readonly Span[]): Span {
  return [
    Math.min(...spans.map(([from]) => from)),
    Math.max(...spans.map(([, to]) => to)),
  ];
}

/** Share of a span that another one covers too, from 0 to 1. */
export function sharedPart([from, to]: Span, other: Span): number {
  const shared = Math.min(to, other[1]) - Math.max(from, other[0]);
  return Math.max(0, shared) / (to - from);
}
