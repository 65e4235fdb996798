import type { Data, Layout } from "plotly.js";
import type { Figure } from "../figure.ts";
import { frame, type Words, widest } from "../frame.ts";
import { literal } from "../text.ts";
import { ink, partColors, sizes } from "../theme.ts";

/** How far a part went in a stage. */
export interface MovedPart {
  readonly part: string;
  /** "stage 1". */
  readonly stage: string;
  /** In percent of the part's norm; 0 where nothing moved. */
  readonly percent: number;
}

const laneHeight = 20;
const keyHeight = 26;

/** Of the axis, in decades, for what did not move. */
const zeroWidth = 0.35;

/** How the stages are drawn and named, in their order. */
const marks = [
  { glyph: "○", symbol: "circle-open", color: partColors[0] },
  { glyph: "●", symbol: "circle", color: partColors[1] },
  { glyph: "▲", symbol: "triangle-up", color: partColors[2] },
] as const;

interface Scale {
  readonly low: number;
  readonly high: number;
}

/**
 * How far each part of a model moved in each stage, over decades; what is 0
 * exactly has a place of its own, as no decade holds it.
 */
export function movement(rows: readonly MovedPart[], words: Words): Figure {
  checkRows(rows, words);
  const parts = [...new Set(rows.map(({ part }) => part))];
  const stages = [...new Set(rows.map(({ stage }) => stage))];
  const plotHeight = keyHeight + parts.length * laneHeight;
  const scale = scaleOf(rows);
  const left = sizes.margin + widest(parts, { size: sizes.label }) + 14;
  const { height, layout, width } = frame(words, {
    plotHeight,
    left,
    right: 28,
    bottom: 52,
  });
  const yOf = (part: string) =>
    keyHeight + (parts.indexOf(part) + 0.5) * laneHeight;
  return {
    name: words.name,
    title: words.title,
    data: stages.map((stage, i) =>
      traceOf(
        rows.filter((row) => row.stage === stage),
        { mark: marks[i], scale, yOf },
      ),
    ),
    layout: {
      ...layout,
      xaxis: {
        title: { text: "Moved, in percent of the part's norm" },
        range: [scale.low - zeroWidth, scale.high],
        ...ticksOf(scale),
      },
      yaxis: { range: [plotHeight, 0], visible: false, fixedrange: true },
      shapes: [
        ...parts.map((part) => laneLine(yOf(part), scale)),
        zeroBorder(scale, plotHeight),
      ],
      annotations: [
        ...(layout.annotations ?? []),
        keyOf(stages, left),
        ...parts.map((part) => nameOf(part, yOf(part))),
      ],
    },
    alt: describe(rows, stages),
    width,
    height,
  };
}

/** Around all that moved, half a decade at least. */
function scaleOf(rows: readonly MovedPart[]): Scale {
  const logs = rows
    .filter(({ percent }) => percent > 0)
    .map(({ percent }) => Math.log10(percent));
  if (logs.length === 0) return { low: 0, high: 1 };
  const [low, high] = [Math.min(...logs) - 0.1, Math.max(...logs) + 0.1];
  return { low, high: Math.max(high, low + 0.5) };
}

const zeroAt = ({ low }: Scale) => low - zeroWidth / 2;

/** Over more decades than this only their beginnings are named. */
const manyDecades = 2.5;

function ticksOf(scale: Scale) {
  const { high, low } = scale;
  const first = Math.floor(low);
  const steps = high - low > manyDecades ? [1] : [1, 2, 5];
  const values = Array.from({ length: Math.ceil(high) - first }, (_, i) =>
    steps.map((step) => Number(`${step}e${first + i}`)),
  )
    .flat()
    .filter((value) => value >= 10 ** low && value <= 10 ** high);
  return {
    tickvals: [zeroAt(scale), ...values.map((value) => Math.log10(value))],
    ticktext: ["0", ...values.map(String)],
  };
}

function traceOf(
  rows: readonly MovedPart[],
  {
    mark,
    scale,
    yOf,
  }: {
    readonly mark: (typeof marks)[number];
    readonly scale: Scale;
    readonly yOf: (part: string) => number;
  },
): Data {
  const xOf = (percent: number) =>
    percent === 0 ? zeroAt(scale) : Number(Math.log10(percent).toPrecision(6));
  return {
    type: "scatter",
    mode: "markers",
    name: rows[0].stage,
    x: rows.map(({ percent }) => xOf(percent)),
    y: rows.map(({ part }) => yOf(part)),
    text: rows.map(
      ({ percent, stage }) => `${literal(stage)}: ${inFigures(percent)}`,
    ),
    marker: {
      size: sizes.dot + 2,
      symbol: mark.symbol,
      color: mark.color,
      line: { color: mark.color, width: 1.5 },
    },
    hovertemplate: "%{text}<extra></extra>",
  };
}

const inFigures = (percent: number) =>
  percent === 0 ? "0 exactly" : `${Number(percent.toPrecision(3))} %`;

type Annotation = NonNullable<Layout["annotations"]>[number];
type Shape = NonNullable<Layout["shapes"]>[number];

function laneLine(y: number, { high, low }: Scale): Shape {
  return {
    type: "line",
    layer: "below",
    x0: low - zeroWidth,
    x1: high,
    y0: y,
    y1: y,
    line: { color: ink.grid, width: 1 },
  } as Shape;
}

/** Parts the place of 0 from the decades. */
function zeroBorder({ low }: Scale, bottom: number): Shape {
  return {
    type: "line",
    layer: "below",
    x0: low,
    x1: low,
    y0: keyHeight,
    y1: bottom,
    line: { color: ink.axis, width: 1, dash: "4px,3px" as "dash" },
  } as Shape;
}

function nameOf(part: string, y: number): Annotation {
  return {
    text: literal(part),
    xref: "paper",
    x: 0,
    xanchor: "right",
    xshift: -12,
    yref: "y",
    y,
    yanchor: "middle",
    align: "right",
    showarrow: false,
    borderpad: 0,
    font: { size: sizes.label, color: ink.text },
  } as Annotation;
}

/** What the marks are, above the first lane, from the figure's left. */
function keyOf(stages: readonly string[], left: number): Annotation {
  const entries = stages.map(
    (stage, i) =>
      `<span style="color:${marks[i].color}">${marks[i].glyph}</span>` +
      `&nbsp;${literal(stage)}`,
  );
  return {
    text: entries.join("&nbsp;&nbsp; "),
    xref: "paper",
    x: 0,
    xanchor: "left",
    xshift: sizes.margin - left,
    yref: "y",
    y: 0,
    yanchor: "top",
    showarrow: false,
    borderpad: 0,
    bgcolor: ink.ground,
    font: { size: sizes.tick, color: ink.text },
  } as Annotation;
}

function describe(
  rows: readonly MovedPart[],
  stages: readonly string[],
): string {
  const each = stages.map((stage) => {
    const own = rows.filter((row) => row.stage === stage);
    const told = own.map(({ part, percent }) =>
      percent === 0 ? `${part} 0` : `${part} ${inFigures(percent)}`,
    );
    const nStill = own.filter(({ percent }) => percent === 0).length;
    const still = `exactly 0 in ${nStill} of ${own.length} parts`;
    return `${stage}: ${still} (${told.join(", ")})`;
  });
  return `How far parts moved, in percent of their norm. ${each.join("; ")}.`;
}

function checkRows(rows: readonly MovedPart[], { name }: Words) {
  if (rows.length === 0) {
    throw new RangeError(`movement: expected rows, got none (${name})`);
  }
  const stages = new Set(rows.map(({ stage }) => stage)).size;
  if (stages > marks.length) {
    throw new RangeError(
      `movement: expected up to ${marks.length} stages, got ${stages} (${name})`,
    );
  }
  const bad = rows.find(
    ({ percent }) => !(percent >= 0 && Number.isFinite(percent)),
  );
  if (bad) {
    throw new RangeError(
      `movement: expected percent of 0 or more, got ${bad.percent} ` +
        `(${bad.part}, ${bad.stage})`,
    );
  }
}
