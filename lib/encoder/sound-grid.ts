import type { FrontEnd } from "../audio/front-end.ts";
import type { Span } from "../audio/mel-scale.ts";
import type { Grid } from "./encoder.ts";

export type { Span };

/**
 * A grid with the part of the sound that each cell covers.
 *
 * Cell (t, f) is feature t * bands + f; it covers `seconds[t]` and `hertz[f]`.
 */
export interface SoundGrid extends Grid {
  /** What tells its cells apart; without frequency it has one band. */
  readonly axes: readonly ["time", "frequency"] | readonly ["time"];
  readonly seconds: readonly Span[];
  readonly hertz: readonly Span[];
}

/** What a cell covers: the span of its step and that of its band. */
export function cellCover(
  grid: SoundGrid,
  cell: number,
): { seconds: Span; hertz: Span } {
  const { bands, hertz, seconds, steps } = grid;
  if (!(Number.isInteger(cell) && cell >= 0 && cell < steps * bands)) {
    throw new RangeError(
      `cellCover: expected a cell from 0 to ${steps * bands - 1}, got ${cell}`,
    );
  }
  return {
    seconds: seconds[Math.floor(cell / bands)],
    hertz: hertz[cell % bands],
  };
}

/**
 * A grid without frequency, one cell a step: each hears all of the picture's
 * bands at once, and so does every region of its time.
 */
export function timeGrid(
  seconds: readonly Span[],
  { hertz }: Pick<FrontEnd, "hertz">,
): SoundGrid {
  return {
    axes: ["time"],
    steps: seconds.length,
    bands: 1,
    seconds,
    hertz: [[hertz[0][0], hertz[hertz.length - 1][1]]],
  };
}

export function spans(count: number, of: (index: number) => Span): Span[] {
  return Array.from({ length: count }, (_, i) => of(i));
}

/**
 * The time around each of `count` middles, from halfway to the one before to
 * halfway to the next, within a clip.
 */
export function centeredSpans(
  count: number,
  {
    hop,
    seconds,
    start,
  }: {
    /** Middle of the first, and from one to the next, in seconds. */
    readonly start: number;
    readonly hop: number;
    /** Length of the clip. */
    readonly seconds: number;
  },
): Span[] {
  return spans(count, (t) => [
    Math.max(0, start + (t - 0.5) * hop),
    Math.min(seconds, start + (t + 0.5) * hop),
  ]);
}
