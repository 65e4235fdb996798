import type { Data } from "plotly.js";
import type { Figure } from "./figure.ts";
import { barShift, frame, type Words, widest } from "./frame.ts";
import { bandNames, hertzTicks } from "./mel-axis.ts";
import { tickFormat } from "./series.ts";
import { heat, ink, sizes } from "./theme.ts";

type Unit = "dB" | "nats";

/** One nat of power in each unit. */
const nat = { dB: 10 / Math.LN10, nats: 1 } as const;

/** Loudness of each band in each frame. */
export interface Loudness {
  /** Natural logarithms of power: frame after frame, or a list for each. */
  readonly values: Float32Array | readonly (readonly number[])[];
  readonly nFrames: number;
  readonly nBands: number;
}

export interface SpectrogramOptions extends Words {
  /** From one frame to the next, in seconds. */
  readonly hop: number;
  /** Middle of each band in Hz, rising. */
  readonly bandHz: readonly number[];
  /** What the colors say: decibels, unless natural logarithms are asked for. */
  readonly unit?: Unit;
}

const plotHeight = 260;

/** More frames than this are not seen; neighbors are averaged. */
const mostFrames = 320;

/**
 * A log-mel picture: time to the right, bands upward, the louder the darker.
 *
 * Bands stand at equal distances, as the encoder sees them, and are labeled
 * in Hz. What is more than 80 dB below the loudest is drawn white.
 *
 * @param loudness - as `logMel` returns it
 */
export function spectrogram(
  loudness: Loudness,
  options: SpectrogramOptions,
): Figure {
  checkSizes(loudness, options);
  const { unit = "dB" } = options;
  const { group, columns } = averaged(loudness, nat[unit]);
  const barTitle = `Power (${unit})`;
  const { layout, width, height } = frame(options, {
    plotHeight,
    left: 60,
    right: barShift + widest([barTitle], { size: sizes.tick }) + sizes.margin,
    bottom: 52,
    yTitle: "Frequency (Hz, mel-spaced)",
    barTitle,
  });
  const seconds = options.hop * loudness.nFrames;
  return {
    name: options.name,
    title: options.title,
    data: [picture(columns, { ...options, unit, group })],
    layout: {
      ...layout,
      xaxis: {
        title: { text: "Time (s)" },
        range: [0, seconds],
        tickformat: tickFormat([0, seconds]),
        mirror: true,
      },
      yaxis: {
        range: [-0.5, loudness.nBands - 0.5],
        mirror: true,
        ...hertzTicks(options.bandHz, plotHeight),
      },
    },
    alt: describe(columns, { ...options, unit }, seconds),
    width,
    height,
  };
}

function checkSizes(
  { values, nFrames, nBands }: Loudness,
  { bandHz, hop }: SpectrogramOptions,
) {
  const count = values.length * (values instanceof Float32Array ? 1 : nBands);
  if (!(nFrames > 0 && nBands > 0) || count !== nFrames * nBands) {
    throw new RangeError(
      `spectrogram: expected ${nFrames} frames x ${nBands} bands, ` +
        `got ${count} values`,
    );
  }
  if (bandHz.length !== nBands) {
    throw new RangeError(
      `spectrogram: expected the middle of each of ${nBands} bands, ` +
        `got ${bandHz.length} frequencies`,
    );
  }
  if (bandHz.some((hz, i) => i > 0 && !(hz > bandHz[i - 1]))) {
    throw new RangeError("spectrogram: expected rising band frequencies");
  }
  if (!(hop > 0)) {
    throw new RangeError(`spectrogram: expected a hop in seconds, got ${hop}`);
  }
}

/** Means of neighboring frames in a unit: `mostFrames` of them at most. */
function averaged(
  { values, nFrames, nBands }: Loudness,
  scale: number,
): { group: number; columns: number[][] } {
  const group = Math.ceil(nFrames / mostFrames);
  const at = (frame: number, band: number) =>
    values instanceof Float32Array
      ? values[frame * nBands + band]
      : values[frame][band];
  const columns = Array.from({ length: Math.ceil(nFrames / group) }, (_, i) => {
    const end = Math.min(nFrames, (i + 1) * group);
    return Array.from({ length: nBands }, (_, band) => {
      let sum = 0;
      for (let frame = i * group; frame < end; frame++) sum += at(frame, band);
      return (scale * sum) / (end - i * group);
    });
  });
  checkValues(columns, group);
  return { group, columns };
}

function checkValues(columns: readonly (readonly number[])[], group: number) {
  columns.forEach((column, i) => {
    const band = column.findIndex((value) => !Number.isFinite(value));
    if (band >= 0) {
      throw new RangeError(
        `spectrogram: expected finite values, got ${column[band]} ` +
          `(frame ${i * group}, band ${band}); add a floor before the logarithm`,
      );
    }
  });
}

type PictureOptions = Pick<SpectrogramOptions, "bandHz" | "hop"> & {
  readonly unit: Unit;
  /** Frames in a column. */
  readonly group: number;
};

/** The heatmap: whole decibels, or tenths of a nat. */
function picture(
  columns: readonly (readonly number[])[],
  { bandHz, group, hop, unit }: PictureOptions,
): Data {
  const sorted = columns.flat().sort((a, b) => a - b);
  const loudest = sorted.at(-1) ?? 0;
  const quiet = sorted[Math.floor(0.02 * sorted.length)];
  const floor = Math.max(quiet, loudest - deepest * nat[unit]);
  const digits = unit === "dB" ? 0 : 1;
  const rounded = (value: number) => Number(value.toFixed(digits));
  const z = bandHz.map((_, band) =>
    columns.map((column) => rounded(column[band])),
  );
  return {
    type: "heatmap",
    x0: (hop * group) / 2,
    dx: hop * group,
    y: bandNames(bandHz),
    z: unit === "dB" ? wholeNumbers(z) : z,
    zmin: rounded(floor),
    zmax: Math.max(rounded(loudest), rounded(floor) + 1),
    colorscale: heat as Data["colorscale" & keyof Data],
    hovertemplate: `%{x:.2f} s, %{y}: %{z} ${unit}<extra></extra>`,
    colorbar: {
      thickness: 10,
      len: 1,
      lenmode: "fraction",
      x: 1,
      xpad: barShift,
      ypad: 0,
      outlinewidth: 1,
      outlinecolor: ink.axis,
      ticks: "outside",
      ticklen: 4,
      tickcolor: ink.axis,
      ticklabeloverflow: "allow",
      tickfont: { size: sizes.tick, color: ink.text },
    },
  } as Data;
}

/** Range of loudness worth showing, in nats below the loudest: 80 dB. */
const deepest = 8 * Math.LN10;

/**
 * Rows of small whole numbers in plotly's form for typed arrays: a third of
 * the size of their digits.
 */
export function wholeNumbers(rows: readonly (readonly number[])[]): unknown {
  const values = rows.flat();
  const bytes = Int8Array.from(values);
  if (values.some((value, i) => value !== bytes[i])) return rows;
  return {
    dtype: "i1",
    bdata: Buffer.from(bytes.buffer).toString("base64"),
    shape: `${rows.length}, ${rows[0].length}`,
  };
}

function describe(
  columns: readonly (readonly number[])[],
  { bandHz, unit }: Pick<PictureOptions, "bandHz" | "unit">,
  seconds: number,
): string {
  const loudness = columns.map(
    (column) => column.reduce((sum, value) => sum + value, 0) / column.length,
  );
  const peak = loudness.indexOf(Math.max(...loudness));
  const at = ((peak + 0.5) / columns.length) * seconds;
  return (
    `Power in ${unit} over ${seconds.toFixed(2)} seconds and ` +
    `${bandHz.length} bands from ${Math.round(bandHz[0])} to ` +
    `${Math.round(bandHz.at(-1) ?? 0)} Hz; loudest around ` +
    `${at.toFixed(2)} seconds.`
  );
}
