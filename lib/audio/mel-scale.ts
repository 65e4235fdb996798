/** A scale of pitch that is even to the ear: from Hz to mel and back. */
export interface MelScale {
  readonly melOf: (hz: number) => number;
  readonly hzOf: (mel: number) => number;
}

/** HTK's scale; Kaldi's is a multiple of it, so its bands are the same. */
export const htk: MelScale = {
  melOf: (hz) => 2595 * Math.log10(1 + hz / 700),
  hzOf: (mel) => 700 * (10 ** (mel / 2595) - 1),
};

const breakHz = 1000;
const breakMel = 15;
const melsPerLog = 27 / Math.log(6.4);

/** Slaney's scale: even in Hz below 1 kHz, logarithmic above. */
export const slaney: MelScale = {
  melOf: (hz) =>
    hz < breakHz
      ? (3 * hz) / 200
      : breakMel + melsPerLog * Math.log(hz / breakHz),
  hzOf: (mel) =>
    mel < breakMel
      ? (200 * mel) / 3
      : breakHz * Math.exp((mel - breakMel) / melsPerLog),
};

/** From where to where. */
export type Span = readonly [from: number, to: number];

/** The frequencies that some bands divide. */
export interface BandRange {
  readonly nBands: number;
  readonly lowest: number; // Hz
  readonly highest: number; // Hz
}

/**
 * Hz at equal steps of a scale: band i reaches from entry i over its center,
 * i + 1, to i + 2.
 */
export function bandEdges(
  { hzOf, melOf }: MelScale,
  { highest, lowest, nBands }: BandRange,
): number[] {
  const from = melOf(lowest);
  const step = (melOf(highest) - from) / (nBands + 1);
  return Array.from({ length: nBands + 2 }, (_, i) => hzOf(from + i * step));
}

/**
 * What each of `parts` equal groups of bands covers, in Hz.
 *
 * Filters overlap; a boundary lies halfway between two centers, in mel.
 */
export function bandSpans(
  parts: number,
  { hzOf, melOf }: MelScale,
  { highest, lowest, nBands }: BandRange,
): Span[] {
  const from = melOf(lowest);
  const step = (melOf(highest) - from) / (nBands + 1);
  const perPart = nBands / parts;
  const edge = (part: number) => hzOf(from + (part * perPart + 0.5) * step);
  return Array.from({ length: parts }, (_, i) => [edge(i), edge(i + 1)]);
}
