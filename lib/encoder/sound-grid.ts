import { type ClapMelOptions, clapMelOptions } from "../audio/clap-mel.ts";
import { type FbankOptions, sslamFbank } from "../audio/fbank.ts";
import {
  type BandRange,
  htk,
  type MelScale,
  slaney,
} from "../audio/mel-scale.ts";
import type { Grid } from "./encoder.ts";
import { type HtsatConfig, stageGrid } from "./htsat-config.ts";
import type { SslamConfig } from "./sslam.ts";

/** From where to where. */
export type Span = readonly [from: number, to: number];

/**
 * A grid with the part of the sound that each cell covers.
 *
 * Cell (t, f) is feature t * bands + f; it covers `seconds[t]` and `hertz[f]`.
 */
export interface SoundGrid extends Grid {
  readonly axes: readonly ["time", "frequency"];
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
 * SSLAM's grid: patches of whole frames, so neighbors share the part of a
 * window that is longer than a hop.
 *
 * @param nFrames - frames of the picture, padding included
 */
export function sslamGrid(
  { melBands, patch }: SslamConfig,
  nFrames: number,
  options: FbankOptions = sslamFbank,
): SoundGrid {
  const { highest, hopLength, lowest, sampleRate, windowLength } = options;
  const steps = nFrames / patch;
  const bands = melBands / patch;
  const startOf = (frame: number) => (frame * hopLength) / sampleRate;
  return {
    axes: ["time", "frequency"],
    steps,
    bands,
    seconds: spans(steps, (t) => [
      startOf(t * patch),
      startOf((t + 1) * patch - 1) + windowLength / sampleRate,
    ]),
    hertz: bandSpans(bands, htk, { lowest, highest, nBands: melBands }),
  };
}

/**
 * HTSAT's grid: the frames of a clip, stretched over whole cells.
 *
 * Frames are centered on their time, so a cell reaches half a frame further.
 */
export function htsatGrid(
  config: HtsatConfig,
  options: ClapMelOptions = clapMelOptions,
): SoundGrid {
  const { highest, hopLength, lowest, nSamples, sampleRate } = options;
  const { imageSize, melBands } = config;
  const chunks = imageSize / melBands;
  const grid = stageGrid(config, config.depths.length - 1);
  const steps = grid * chunks;
  const bands = grid / chunks;
  const seconds = nSamples / sampleRate;
  const nFrames = 1 + Math.floor(nSamples / hopLength);
  const stretched = chunks * imageSize;
  const timeOf = (frame: number) =>
    ((frame * (nFrames - 1)) / (stretched - 1)) * (hopLength / sampleRate);
  const perStep = stretched / steps;
  return {
    axes: ["time", "frequency"],
    steps,
    bands,
    seconds: spans(steps, (t) => [
      Math.max(0, timeOf(t * perStep - 0.5)),
      Math.min(seconds, timeOf((t + 1) * perStep - 0.5)),
    ]),
    hertz: bandSpans(bands, slaney, { lowest, highest, nBands: melBands }),
  };
}

function spans(count: number, of: (index: number) => Span): Span[] {
  return Array.from({ length: count }, (_, i) => of(i));
}

/** Filters overlap; a boundary lies halfway between two centers, in mel. */
function bandSpans(
  bands: number,
  { hzOf, melOf }: MelScale,
  { highest, lowest, nBands }: BandRange,
): Span[] {
  const from = melOf(lowest);
  const step = (melOf(highest) - from) / (nBands + 1);
  const perBand = nBands / bands;
  const edge = (band: number) => hzOf(from + (band * perBand + 0.5) * step);
  return spans(bands, (f) => [edge(f), edge(f + 1)]);
}
