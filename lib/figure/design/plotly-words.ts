import type { Data, Layout } from "plotly.js";
import { ink } from "../theme.ts";

export type Annotation = NonNullable<Layout["annotations"]>[number];

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
