import type { Data, Layout } from "plotly.js";
import { literal, type TextStyle, textWidth, wrapText } from "../text.ts";
import { designColor, ink, sizes } from "../theme.ts";
import {
  type Column,
  center,
  encoderBand,
  encoderSide,
  type Grid,
  middle,
  type Place,
} from "./place.ts";
import { type DesignRow, layersOf, runsOf } from "./rows.ts";

export type Annotation = NonNullable<Layout["annotations"]>[number];

const nameStyle: TextStyle = { size: sizes.label, bold: true };
const noteStyle: TextStyle = { size: sizes.tick };

/** From one line of text to the next, as plotly sets them. */
const leading = (style: TextStyle) => Math.ceil(1.3 * style.size);

/** Text at a point of the plot, in pixels from its left top. */
export function words(text: string, at: Partial<Annotation>): Annotation {
  return {
    text,
    xref: "x",
    yref: "y",
    xanchor: "left",
    yanchor: "top",
    align: "left",
    showarrow: false,
    ...at,
  } as Annotation;
}

/** The lines above a diagram: its name, and what sets it apart. */
interface Head {
  readonly name: readonly string[];
  readonly note: readonly string[];
}

function headOf({ name, note = "" }: DesignRow, width: number): Head {
  return {
    name: wrapText(name, width, nameStyle),
    note: wrapText(note, width, noteStyle),
  };
}

/** Room that the tallest of these heads needs. */
export function headHeight(designs: readonly DesignRow[], width: number) {
  const heights = designs.map((design) => {
    const { name, note } = headOf(design, width);
    return name.length * leading(nameStyle) + note.length * leading(noteStyle);
  });
  return Math.max(...heights) + 10;
}

/** Name and note above a diagram, the names of its lanes below it. */
export function labelsOf(
  design: DesignRow,
  { left, right, top }: Column & { readonly top: number },
  place: Place,
): Annotation[] {
  const { name, note } = headOf(design, right - left);
  const noteTop = top + name.length * leading(nameStyle);
  const below = (text: string, column: Column) =>
    words(text, { x: center(column), y: place.bottom + 8, xanchor: "center" });
  return [
    words(`<b>${name.map(literal).join("<br>")}</b>`, {
      x: left,
      y: top,
      font: { size: sizes.label, color: designColor(design.name) },
    }),
    words(note.map(literal).join("<br>"), {
      x: left,
      y: noteTop,
      font: { size: sizes.tick, color: ink.quiet },
    }),
    below("text", place.text),
    below("audio", place.audio),
  ].filter(({ text }) => text !== "");
}

/** A short text at a point of the plot. */
export interface Label {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly color?: string;
}

/** Many labels as one trace, a tenth of the size of as many annotations. */
export function labelTrace(
  labels: readonly Label[],
  textposition: "middle left" | "middle center",
): Data {
  return {
    type: "scatter",
    mode: "text",
    x: labels.map(({ x }) => x),
    y: labels.map(({ y }) => y),
    text: labels.map(({ text }) => text),
    textposition,
    textfont: { color: labels.map(({ color = ink.text }) => color) },
    cliponaxis: false,
    hoverinfo: "skip",
  } as Data;
}

/** Numbers of the layers, left of a row of diagrams. */
export function layerNumbers(
  place: Place,
  { layerHeight, nLayers }: Grid,
): Label[] {
  const every = layerHeight >= 15 ? 1 : 2;
  return Array.from({ length: nLayers }, (_, layer) => layer)
    .filter((layer) => layer % every === 0)
    .map((layer) => ({
      x: place.text.left - 5,
      y: (place.below(layer) + place.below(layer + 1)) / 2,
      text: String(layer),
    }));
}

/** What happens in each run of layers, right of a diagram that is alone. */
export function notesOf(
  design: DesignRow,
  { left, right }: Column,
  place: Place,
): Annotation[] {
  return runsOf(design).map((run) => {
    const title = layersOf(run);
    const lines = wrapText(run.sentence, right - left, noteStyle);
    return words(
      `<b>${title[0].toUpperCase()}${title.slice(1)}</b><br>` +
        lines.map(literal).join("<br>"),
      {
        x: left,
        y: (place.below(run.from) + place.below(run.to + 1)) / 2,
        yanchor: "middle",
      },
    );
  });
}

/** Names of the encoders, right of their squares. */
export function encoderNames(
  { encoders }: DesignRow,
  place: Place,
): Annotation[] {
  return encoders.map((name, i) => {
    const { bottom, top } = encoderBand(place, i);
    return words(literal(name), {
      x: place.features + encoderSide,
      y: (bottom + top) / 2,
      yanchor: "middle",
    });
  });
}

/** Names of the submodules, in a diagram tall enough to hold them. */
export function submoduleNames({ layers }: DesignRow, place: Place): Label[] {
  const { bottom, top } = place.attention(0);
  const name = textWidth("attention", noteStyle) + 16;
  const room = place.audio.right - place.audio.left;
  if (bottom - top < 13 || name > room) return [];
  const attention = (column: Column, layer: number): Label => ({
    x: center(column),
    y: middle(place.attention(layer)),
    text: "attention",
    color: ink.title,
  });
  const ffn = (column: Column, layer: number): Label => ({
    x: center(column),
    y: middle(place.ffn(layer)),
    text: "FFN",
    color: ink.ground,
  });
  return layers.flatMap(({ audioFfn, fresh, inStream, layer }) => {
    // Two kinds of tokens in one layer leave too little room for a word.
    const isOneBox = (inStream === "all") !== (fresh !== undefined);
    return [
      attention(place.text, layer),
      ffn(place.text, layer),
      ...(isOneBox && inStream !== "summary"
        ? [attention(place.audio, layer)]
        : []),
      ...(inStream === "all" && audioFfn ? [ffn(place.audio, layer)] : []),
    ];
  });
}
