import type { Data } from "plotly.js";
import type { Figure } from "../figure.ts";
import type { Words } from "../frame.ts";
import { wholeNumbers } from "../spectrogram.ts";
import { heat } from "../theme.ts";
import { axesOf, melEdges, type PanelHead, soundPanels } from "./panels.ts";

/** One picture of the sound. */
export interface PicturePanel extends PanelHead {
  readonly nFrames: number;
  readonly nBands: number;
  /** Power in dB, frame by frame. */
  readonly values: ArrayLike<number>;
  /** Middle of the first frame, and from one to the next, in seconds. */
  readonly start: number;
  readonly hop: number;
}

/** Columns and rows beyond these are not seen; neighbors are averaged. */
const most = { columns: 96, rows: 64 } as const;

/** What is further below a picture's loudest spot is drawn white. */
const deepest = 80; // dB

/**
 * Log-mel pictures one above the other, on the axes of the sound: what one of
 * them cannot hear stays blank.
 */
export function spectrograms(
  panels: readonly PicturePanel[],
  words: Words,
): Figure {
  for (const panel of panels) checkSizes(panel);
  const drawn = panels.map(thinned);
  return {
    name: words.name,
    title: words.title,
    data: drawn.map(picture),
    ...soundPanels(drawn, words, Math.max(...panels.map(endOf))),
    alt: `${panels.map(describe).join(" ")} The darker, the louder.`,
  };
}

function checkSizes({ hertz, name, nBands, nFrames, values }: PicturePanel) {
  if (!(nFrames > 0 && nBands > 0) || values.length !== nFrames * nBands) {
    throw new RangeError(
      `spectrograms: expected ${nFrames} frames x ${nBands} bands, ` +
        `got ${values.length} values (${name})`,
    );
  }
  if (hertz.length !== nBands) {
    throw new RangeError(
      `spectrograms: expected what each of ${nBands} bands covers, ` +
        `got ${hertz.length} spans (${name})`,
    );
  }
}

const endOf = ({ hop, nFrames, start }: PicturePanel) =>
  start + (nFrames - 0.5) * hop;

/** The same picture with no more frames and bands than are seen. */
function thinned(panel: PicturePanel): PicturePanel {
  const { hertz, hop, nBands, nFrames, start } = panel;
  const group = Math.ceil(nFrames / most.columns);
  const joined = Math.ceil(nBands / most.rows);
  const columns = Math.ceil(nFrames / group);
  const rows = Math.ceil(nBands / joined);
  return {
    ...panel,
    nFrames: columns,
    nBands: rows,
    values: Array.from({ length: columns * rows }, (_, i) =>
      meanOf(
        panel,
        [Math.floor(i / rows) * group, group],
        [(i % rows) * joined, joined],
      ),
    ),
    start: start + ((group - 1) / 2) * hop,
    hop: group * hop,
    hertz: Array.from({ length: rows }, (_, row) => [
      hertz[row * joined][0],
      hertz[Math.min(nBands, (row + 1) * joined) - 1][1],
    ]),
  };
}

function picture(panel: PicturePanel, index: number): Data {
  const { hertz, hop, nBands, nFrames, start, values } = panel;
  const z = Array.from({ length: nBands }, (_, band) =>
    Array.from({ length: nFrames }, (_, f) => values[f * nBands + band]),
  );
  const loudest = Math.max(...z.flat());
  return {
    type: "heatmap",
    ...axesOf(index),
    x0: start,
    dx: hop,
    y: melEdges(hertz),
    z: wholeNumbers(z),
    zmin: loudest - deepest,
    zmax: loudest,
    colorscale: heat as Data["colorscale" & keyof Data],
    showscale: false,
    hovertemplate: "%{x:.2f} s, %{y}: %{z} dB<extra></extra>",
  } as Data;
}

/** Mean in whole dB over some frames and bands, as far as there are any. */
function meanOf(
  { nBands, nFrames, values }: PicturePanel,
  [frame, nGrouped]: readonly [number, number],
  [band, nJoined]: readonly [number, number],
): number {
  let [sum, count] = [0, 0];
  for (let f = frame; f < Math.min(nFrames, frame + nGrouped); f++) {
    for (let b = band; b < Math.min(nBands, band + nJoined); b++) {
      sum += values[f * nBands + b];
      count++;
    }
  }
  if (Number.isFinite(sum)) return Math.round(sum / count);
  throw new RangeError(
    `spectrograms: expected finite values, got ${sum} (frame ${frame}, ` +
      `band ${band}); add a floor before the logarithm`,
  );
}

function describe(panel: PicturePanel): string {
  const { hertz, name, nBands } = panel;
  return (
    `${name}: power in dB over ${endOf(panel).toFixed(2)} seconds and ` +
    `${nBands} bands from ${Math.round(hertz[0][0])} to ` +
    `${Math.round(hertz[nBands - 1][1])} Hz.`
  );
}
