import type { Layout } from "plotly.js";
import { ink, lane } from "../theme.ts";
import {
  type Band,
  type Column,
  encoderBand,
  encoderSide,
  middle,
  type Place,
} from "./place.ts";
import { type DesignRow, type LayerRow, outputsOf, type Run } from "./rows.ts";

/** How each kind of mark is painted, the lowest first. */
const styles = {
  reserved: { line: { color: ink.axis, width: 1, dash: "dot" } },
  textStream: { fill: lane.text.stream },
  audioStream: { fill: lane.audio.stream },
  textAttention: { fill: lane.text.attention },
  textFfn: { fill: lane.text.ffn },
  audioAttention: { fill: lane.audio.attention },
  audioFfn: { fill: lane.audio.ffn },
  wire: { line: { color: ink.quiet, width: 1 } },
  arrow: { line: { color: lane.audio.ffn, width: 1.25 } },
  head: { fill: lane.audio.ffn },
  dropped: { line: { color: lane.audio.ffn, width: 1.5 } },
  projection: { fill: ink.ground, line: { color: lane.audio.ffn, width: 1 } },
  crossAttention: {
    fill: lane.audio.attention,
    line: { color: lane.audio.ffn, width: 1 },
  },
  encoder: { fill: ink.text },
} as const;

export type Style = keyof typeof styles;

/** A piece of a drawing: a path in pixels from the plot's left top. */
export interface Mark {
  readonly style: Style;
  readonly path: string;
}

/** One shape for all marks of a style, so that the figure stays small. */
export function shapesOf(marks: readonly Mark[]): Partial<Layout>["shapes"] {
  return (Object.keys(styles) as Style[]).flatMap((style) => {
    const paths = marks.filter((mark) => mark.style === style);
    if (paths.length === 0) return [];
    const { fill = "rgba(0,0,0,0)", line = { width: 0 } } = styles[style] as {
      fill?: string;
      line?: object;
    };
    return [
      {
        type: "path" as const,
        path: paths.map(({ path }) => path).join(""),
        xref: "x" as const,
        yref: "y" as const,
        fillcolor: fill,
        line: line as { dash?: "dot" },
      },
    ];
  });
}

export function box(style: Style, { left, right }: Column, band: Band): Mark {
  const { bottom, top } = band;
  return {
    style,
    path: `M${left},${top}H${right}V${bottom}H${left}Z`,
  };
}

/** An arrow to the left. */
export function arrow(from: number, to: number, y: number): Mark[] {
  return [
    { style: "arrow", path: `M${from},${y}H${to + 4}` },
    {
      style: "head",
      path: `M${to},${y}L${to + 5},${y - 3}L${to + 5},${y + 3}Z`,
    },
  ];
}

/** A stub that ends in a bar: what goes no further. */
export function dropped({ left, right }: Column, y: number): Mark {
  const x = (left + right) / 2;
  const reach = Math.min(8, (right - left) / 4);
  const top = y - 4;
  return {
    style: "dropped",
    path: `M${x},${y}V${top}M${x - reach},${top}H${x + reach}`,
  };
}

/** Joins the layers of a run at their right. */
export function bracket({ from, to }: Run, x: number, place: Place): Mark {
  const bottom = place.below(from) - 3;
  const top = place.below(to + 1) + 3;
  return {
    style: "wire",
    path: `M${x - 4},${bottom}H${x}V${top}H${x - 4}`,
  };
}

/** A lane narrowed by as much on each side. */
function inset({ left, right }: Column, by: number): Column {
  return { left: left + by, right: right - by };
}

/** How far a stream reaches beyond the layers, in CSS pixels. */
const streamEnd = 5;

/** The whole diagram of a design, without its words. */
export function marksOf(design: DesignRow, place: Place): Mark[] {
  const { bottom, text, top } = place;
  const { layers } = design;
  return [
    box("reserved", place.audio, { top, bottom }),
    box("textStream", text, {
      top: top - streamEnd,
      bottom: bottom + streamEnd,
    }),
    ...streamMarks(layers, place),
    ...layers.flatMap((row) => [
      box("textAttention", inset(text, 4), place.attention(row.layer)),
      box("textFfn", inset(text, 4), place.ffn(row.layer)),
      ...audioMarks(row, place),
    ]),
    ...connectorMarks(design, place),
  ];
}

/** Summary tokens keep to the left of the lane, all tokens to the right. */
const summaryShare = 0.34;

/** Where tokens of the stream go in the lane, and where this layer's own. */
function lanesOf({ inStream }: LayerRow, { audio }: Place) {
  if (inStream !== "summary") return { stream: audio, visitors: audio };
  const { left, right } = audio;
  const border = Math.round(left + summaryShare * (right - left));
  return { stream: { left, right: border }, visitors: { left: border, right } };
}

/** The band of the audio's stream, from where it begins to where it ends. */
function streamMarks(layers: readonly LayerRow[], place: Place): Mark[] {
  const living = layers.filter(({ inStream }) => inStream !== "none");
  const [first, last] = [living.at(0), living.at(-1)];
  if (!first || !last) return [];
  const { stream } = lanesOf(first, place);
  const isCut = last.layer < layers.length - 1;
  const top = place.below(last.layer + 1) - (isCut ? 0 : streamEnd);
  // Over the outline of the reserved positions, which it fills.
  const band = { top, bottom: place.below(first.layer) + 1 };
  return [
    box("audioStream", inset(stream, -1), band),
    ...(isCut ? [dropped(stream, top)] : []),
  ];
}

function audioMarks(row: LayerRow, place: Place): Mark[] {
  const { stream, visitors } = lanesOf(row, place);
  const attention = place.attention(row.layer);
  const marks: Mark[] = [];
  if (row.inStream !== "none") {
    marks.push(box("audioAttention", inset(stream, 4), attention));
  }
  if (row.audioFfn) {
    marks.push(box("audioFfn", inset(stream, 4), place.ffn(row.layer)));
  }
  if (row.fresh !== undefined) {
    marks.push(
      box("audioAttention", inset(visitors, 4), attention),
      dropped(visitors, attention.top),
    );
  }
  if (row.textHears) {
    const y = middle(attention);
    marks.push(...arrow(place.audio.left, place.text.right + 1, y));
  }
  return marks;
}

function connectorMarks(design: DesignRow, place: Place): Mark[] {
  const isWide = design.connector === "wide";
  const outputs = outputsOf(design).map(({ output, rows }) => {
    const feeds = rows.map(({ fresh, layer }) =>
      fresh === output ? middle(place.attention(layer)) : place.below(layer),
    );
    const { bottom, top } = place.attention(rows[0].layer);
    const reach = ((bottom - top) / 2) * (isWide ? 3 : 1);
    const band = {
      top: Math.min(...feeds) - reach,
      bottom: Math.max(...feeds) + reach,
    };
    return { feeds, band };
  });
  const bands = outputs.map(({ band }) => band);
  const readers = design.connector === "shared" ? [around(bands)] : bands;
  return [
    ...outputs.flatMap(({ feeds }) =>
      feeds.flatMap((y) =>
        arrow(place.projection.left, place.audio.right + 1, y),
      ),
    ),
    ...bands.map((band) => box("projection", place.projection, band)),
    ...readers.map((band) => box("crossAttention", place.crossAttention, band)),
    ...encoderMarks(design.encoders.length, place, readers),
  ];
}

/** The encoders below the connector, and their features' way up. */
function encoderMarks(
  nEncoders: number,
  place: Place,
  readers: readonly Band[],
): Mark[] {
  const { crossAttention, features: x } = place;
  const stops = readers.map(middle);
  const highest = Math.min(...stops);
  const ticks = stops.map((y) => `M${crossAttention.right},${y}H${x}`);
  const from = encoderBand(place, 0).top;
  const column = { left: x - 3, right: x - 3 + encoderSide };
  return [
    { style: "wire", path: `M${x},${from}V${highest}${ticks.join("")}` },
    ...Array.from({ length: nEncoders }, (_, i) =>
      box("encoder", column, encoderBand(place, i)),
    ),
  ];
}

function around(bands: readonly Band[]): Band {
  return {
    top: Math.min(...bands.map(({ top }) => top)),
    bottom: Math.max(...bands.map(({ bottom }) => bottom)),
  };
}
