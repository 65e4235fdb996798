import type { Annotations, Layout } from "plotly.js";
import {
  balancedLines,
  literal,
  roomFor,
  stretch,
  type TextStyle,
} from "./text.ts";
import { ink, sizes, template } from "./theme.ts";

/** The words around a figure. */
export interface Words {
  /** Its file's name, without an ending. */
  readonly name: string;
  /** The claim, in one sentence, computed from the data shown. */
  readonly title: string;
  /** What the claim rests on: clips, seeds, engine. */
  readonly subtitle?: string;
}

export interface Plot {
  /** Height of the plot itself, between its axes, in CSS pixels. */
  readonly plotHeight: number;
  /** Room beside and below the plot, in CSS pixels. */
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  /** What the plot's height means, with its unit: written above its corner. */
  readonly yTitle?: string;
  /** The same for a color bar, above the right corner. */
  readonly barTitle?: string;
}

export interface Frame {
  readonly layout: Partial<Layout>;
  readonly width: number;
  readonly height: number;
}

interface HeadingStyle extends TextStyle {
  readonly color: string;
}

const titleStyle: HeadingStyle = {
  size: sizes.title,
  color: ink.title,
  bold: true,
};
const subtitleStyle: HeadingStyle = { size: sizes.subtitle, color: ink.quiet };
const axisStyle: HeadingStyle = { size: sizes.tick, color: ink.text };

/** Room for the titles of axes above the plot, in CSS pixels. */
const axisTitleHeight = 24;

/** From the plot to a color bar at its right, in CSS pixels. */
export const barShift = 14;

/**
 * Size, margins, title and subtitle of a figure: words first, plot below.
 *
 * Every margin is known beforehand, so that no text is cut off and the same
 * figure has the same size everywhere.
 */
export function frame(words: Words, plot: Plot): Frame {
  const width = sizes.width;
  const head = headOf(words);
  const [titleLines, subtitleLines] = [head.title.lines, head.subtitle.lines];
  const subtitleTop = head.subtitle.y;
  const { barTitle = "", bottom, left, plotHeight, right, yTitle = "" } = plot;
  const axisTitles = yTitle || barTitle ? axisTitleHeight : 0;
  const top = head.top + axisTitles;
  const height = top + plotHeight + bottom;
  const place = { left, marginTop: top };
  const title = titleLines.map((line) => `<b>${literal(line)}</b>`);
  const axisTop = top - axisTitles - 2;
  return {
    width,
    height,
    layout: {
      template,
      width,
      height,
      margin: { l: left, r: right, t: top, b: bottom, pad: 0 },
      annotations: [
        heading(title, titleStyle, { ...place, top: sizes.top }),
        heading(subtitleLines.map(literal), subtitleStyle, {
          ...place,
          top: subtitleTop,
        }),
        heading([literal(yTitle)], axisStyle, { ...place, top: axisTop }),
        {
          ...heading([literal(barTitle)], axisStyle, {
            ...place,
            top: axisTop,
          }),
          x: 1,
          xshift: barShift,
        },
      ].filter((line) => line.text !== ""),
    },
  };
}

/** Title and subtitle in lines, where they lie, and where the plot begins. */
export function headOf(words: Words) {
  checkWords(words);
  const { margin, width } = sizes;
  const lines = (text: string, style: TextStyle) =>
    balancedLines(text, (width - 2 * margin) / stretch(style), style);
  const title = lines(words.title, titleStyle);
  const subtitle = lines(words.subtitle ?? "", subtitleStyle);
  const subtitleTop = sizes.top + stack(title, titleStyle) + 4;
  return {
    title: {
      ...titleStyle,
      lines: title,
      nBold: title.length,
      x: margin,
      y: sizes.top,
    },
    subtitle: { ...subtitleStyle, lines: subtitle, x: margin, y: subtitleTop },
    top: subtitleTop + stack(subtitle, subtitleStyle) + 18,
  };
}

/** Height of lines, with plotly's distance between their baselines. */
function stack(lines: readonly string[], { size }: TextStyle): number {
  return Math.ceil(lines.length * 1.3 * size);
}

interface Place {
  readonly left: number;
  readonly marginTop: number;
  readonly top: number;
}

/** Left-aligned lines above the plot, at the figure's left margin. */
function heading(
  lines: readonly string[],
  { size, color }: HeadingStyle,
  { left, marginTop, top }: Place,
): Partial<Annotations> {
  return {
    text: lines.join("<br>"),
    align: "left",
    showarrow: false,
    borderpad: 0,
    xref: "paper",
    x: 0,
    xanchor: "left",
    xshift: sizes.margin - left,
    yref: "paper",
    y: 1,
    yanchor: "top",
    yshift: marginTop - top,
    font: { size, color },
  };
}

/** Width that the widest of these labels needs in any font. */
export function widest(labels: readonly string[], style: TextStyle): number {
  return Math.ceil(Math.max(0, ...labels.map((l) => roomFor(l, style))));
}

function checkWords({ name, title }: Words) {
  if (!/^[\w][\w.-]*$/.test(name)) {
    throw new RangeError(
      `frame: expected a name of letters, digits, "-", "_" and ".", ` +
        `got "${name}"`,
    );
  }
  if (title.trim() === "") {
    throw new RangeError(
      `frame: expected a claim as title, got none (${name})`,
    );
  }
}
