import type { Data, Layout } from "plotly.js";
import type { Figure } from "../figure.ts";
import type { Words } from "../frame.ts";
import { melOf } from "../mel-axis.ts";
import { literal } from "../text.ts";
import { accent, heat, ink } from "../theme.ts";
import {
  axesOf,
  edgesOf,
  hertzText,
  melEdges,
  type PanelHead,
  type Span,
  soundPanels,
} from "./panels.ts";

/** An encoder's grid over a sound. */
export interface TokenPanel extends PanelHead {
  /**
   * What tells the tokens apart; both time and frequency unless given. Without
   * frequency there is one band: all that the encoder hears.
   */
  readonly axes?: readonly string[];
  /** What each step of the grid covers, in seconds. */
  readonly seconds: readonly Span[];
  /** A number for each token, time-major: the higher, the darker. */
  readonly values?: ArrayLike<number>;
  /** Tokens in one frame. */
  readonly marked?: readonly number[];
}

export interface TokenGridOptions extends Words {
  /** What the values are, for the pointer: "cosine". */
  readonly valueName?: string;
  /** Moments that a dashed line shows in all panels, in seconds. */
  readonly moments?: readonly number[];
}

/**
 * Grids of tokens over the sound, each cell where its seconds and hertz are.
 *
 * Shades go from the lowest to the highest value of each panel. Where windows
 * overlap a cell ends in the middle; the pointer shows the whole.
 */
export function tokenGrid(
  panels: readonly TokenPanel[],
  options: TokenGridOptions,
): Figure {
  for (const panel of panels) checkPanel(panel);
  const ends = panels.map(({ seconds }) => seconds[seconds.length - 1][1]);
  const { height, layout, width } = soundPanels(
    panels.map((panel) => ({ ...panel, note: coverText(panel) })),
    options,
    Math.max(...ends),
  );
  return {
    name: options.name,
    title: options.title,
    data: panels.map((panel, i) => cells(panel, i, options.valueName)),
    layout: {
      ...layout,
      shapes: [
        ...(layout.shapes ?? []),
        ...panels.flatMap(frameOf),
        ...(options.moments ?? []).map(momentLine),
      ],
    } as Partial<Layout>,
    alt: panels.map(describe).join(" "),
    width,
    height,
  };
}

const hasBands = ({ axes }: TokenPanel) =>
  axes === undefined || axes.includes("frequency");

function checkPanel(panel: TokenPanel) {
  const { hertz, marked, name, seconds, values } = panel;
  const count = seconds.length * hertz.length;
  if (!hasBands(panel) && hertz.length !== 1) {
    throw new RangeError(
      `tokenGrid: expected one band without an axis of frequency, ` +
        `got ${hertz.length} (${name})`,
    );
  }
  if (count === 0) {
    throw new RangeError(`tokenGrid: expected tokens, got none (${name})`);
  }
  if (values && values.length !== count) {
    throw new RangeError(
      `tokenGrid: expected a value for each of ${count} tokens, ` +
        `got ${values.length} (${name})`,
    );
  }
  const stray = marked?.find((cell) => !(cell >= 0 && cell < count));
  if (stray !== undefined) {
    throw new RangeError(
      `tokenGrid: expected tokens from 0 to ${count - 1}, ` +
        `got ${stray} (${name})`,
    );
  }
}

/** More steps than these are three pixels wide or less: gaps would eat them. */
const mostParted = 230;

/** Cells with gaps between them: the ground between is the grid. */
function cells(panel: TokenPanel, index: number, valueName = "value"): Data {
  const { hertz, seconds, values } = panel;
  const z = hertz.flatMap((_, f) =>
    seconds.map((_, t) => values?.[t * hertz.length + f] ?? 0),
  );
  const [from, to] = seconds[Math.floor(seconds.length / 2)];
  const band = hasBands(panel) ? ", %{y}" : "";
  const value = values ? `${literal(valueName)} %{z:.3f}, ` : "";
  return {
    type: "heatmap",
    ...axesOf(index),
    x: edgesOf(seconds),
    y: melEdges(hertz),
    z: packed(z, [hertz.length, seconds.length]),
    xgap: seconds.length > mostParted ? 0 : 1,
    ygap: 1,
    showscale: false,
    ...(values ? {} : { zmin: 0, zmax: 1 }),
    colorscale: values ? shades : flat,
    hovertemplate:
      `${value}%{x:.2f} s \u00b1 ${((to - from) / 2).toFixed(2)} s` +
      `${band}<extra></extra>`,
  } as object;
}

/** Rows of numbers in plotly's form for typed arrays. */
function packed(values: readonly number[], shape: readonly number[]) {
  const { buffer } = Float32Array.from(values);
  const bdata = Buffer.from(buffer).toString("base64");
  return { dtype: "f4", bdata, shape: shape.join(", ") };
}

/** The lowest value is not white: its cells would vanish. */
const shades: readonly [number, string][] = [[0, "#F0F3F8"], ...heat.slice(1)];

/** Cells without values. */
const flat: readonly [number, string][] = [
  [0, "#E3EAF3"],
  [1, "#E3EAF3"],
];

/** What the marked tokens cover, in words; undefined if there are none. */
function coverText(panel: TokenPanel): string | undefined {
  const cover = markedCover(panel);
  if (cover === undefined) return undefined;
  const [from, to] = cover.seconds.map((second) => second.toFixed(2));
  const seconds = `${from}\u2013${to} s`;
  return hasBands(panel) ? `${seconds}, ${hertzText(cover.hertz)}` : seconds;
}

/** From the first to the last marked token, in seconds and in hertz. */
function markedCover({ hertz, marked = [], seconds }: TokenPanel) {
  if (marked.length === 0) return undefined;
  const steps = marked.map((cell) => Math.floor(cell / hertz.length));
  const bands = marked.map((cell) => cell % hertz.length);
  const cover = (spans: readonly Span[], places: readonly number[]): Span => [
    spans[Math.min(...places)][0],
    spans[Math.max(...places)][1],
  ];
  return { seconds: cover(seconds, steps), hertz: cover(hertz, bands) };
}

type Shape = NonNullable<Layout["shapes"]>[number];

function frameOf(panel: TokenPanel, index: number): Shape[] {
  const cover = markedCover(panel);
  if (cover === undefined) return [];
  const { xaxis, yaxis } = axesOf(index);
  return [
    {
      type: "rect",
      xref: xaxis,
      x0: cover.seconds[0],
      x1: cover.seconds[1],
      yref: yaxis as Shape["yref"],
      y0: melOf(cover.hertz[0]),
      y1: melOf(cover.hertz[1]),
      line: { color: accent, width: 2.5 },
      ...(panel.values ? {} : { fillcolor: accent, opacity: 0.8 }),
    } as Shape,
  ];
}

function momentLine(x: number): Shape {
  return {
    type: "line",
    xref: "x",
    x0: x,
    x1: x,
    yref: "paper",
    y0: 0,
    y1: 1,
    line: { color: ink.quiet, width: 1, dash: "4px,3px" as "dash" },
  } as Shape;
}

function describe(panel: TokenPanel): string {
  const { hertz, name, seconds } = panel;
  const cover = coverText(panel);
  const grid = hasBands(panel)
    ? `${name}: ${seconds.length} x ${hertz.length} tokens`
    : `${name}: ${seconds.length} tokens along time`;
  if (cover === undefined) return `${grid}.`;
  return `${grid}, ${panel.marked?.length} of them in a frame (${cover}).`;
}
