import type { Layout } from "plotly.js";
import { frame, type Words } from "../frame.ts";
import { melAxis, melOf } from "../mel-axis.ts";
import { tickFormat } from "../series.ts";
import { literal } from "../text.ts";
import { accent, ink, sizes } from "../theme.ts";

/** From where to where. */
export type Span = readonly [from: number, to: number];

const panelHeight = 190;
const gap = 34;

/** Plotly's names of a panel's axes. */
export const axesOf = (panel: number) =>
  ({ xaxis: "x", yaxis: panel === 0 ? "y" : `y${panel + 1}` }) as const;

type Annotation = NonNullable<Layout["annotations"]>[number];
type Shape = NonNullable<Layout["shapes"]>[number];

export interface PanelHead {
  readonly name: string;
  /** What each band covers, in Hz, rising. */
  readonly hertz: readonly Span[];
  /** Set beside the name, in the color of what the figure points at. */
  readonly note?: string;
}

/**
 * Panels one above the other over the same seconds and the same hertz.
 *
 * What lies at one height and one place is the same part of the sound in every
 * panel. Frequencies are even in mel.
 */
export function soundPanels(
  heads: readonly PanelHead[],
  words: Words,
  seconds: number,
) {
  const reach = heads.flatMap(({ hertz }) => hertz.flat());
  const scale = melAxis([Math.min(...reach), Math.max(...reach)], panelHeight);
  const plotHeight = heads.length * (panelHeight + gap) - gap;
  const { height, layout, width } = frame(words, {
    plotHeight,
    left: 60,
    right: 24,
    bottom: 52,
    yTitle: "Frequency (Hz, mel-spaced)",
  });
  const top = (panel: number) => 1 - (panel * (panelHeight + gap)) / plotHeight;
  const domain = (panel: number) => [
    Math.max(0, top(panel) - panelHeight / plotHeight),
    top(panel),
  ];
  const yAxes = heads.map(({ hertz }, panel) => [
    `yaxis${panel === 0 ? "" : panel + 1}`,
    { domain: domain(panel), range: scale.range, ...bandNamesOf(hertz) },
  ]);
  return {
    width,
    height,
    layout: {
      ...layout,
      xaxis: {
        title: { text: "Time (s)" },
        range: [0, seconds],
        tickformat: tickFormat([0, seconds]),
        anchor: axesOf(heads.length - 1).yaxis,
        showline: false,
      },
      ...Object.fromEntries(yAxes),
      annotations: [
        ...(layout.annotations ?? []),
        ...heads.map((head, panel) => headOf(head, top(panel))),
        ...heads.flatMap((_, panel) => scaleLabels(scale, panel)),
      ],
      shapes: heads.map((_, panel) => border(domain(panel))),
    } as Partial<Layout>,
  };
}

/**
 * Where the bands end on the axis: in the middle of what two of them share, so
 * that each is drawn around its own middle.
 */
export function edgesOf(spans: readonly Span[]): number[] {
  const inner = spans.slice(1).map(([from], i) => (from + spans[i][1]) / 2);
  const all = [spans[0][0], ...inner, spans[spans.length - 1][1]];
  return all.map((edge) => Number(edge.toPrecision(7)));
}

export const melEdges = (hertz: readonly Span[]) => edgesOf(hertz).map(melOf);

/** Ticks that only the pointer shows: %{y} is what the band covers. */
function bandNamesOf(hertz: readonly Span[]) {
  const edges = melEdges(hertz);
  return {
    tickvals: hertz.map((_, band) => (edges[band] + edges[band + 1]) / 2),
    ticktext: hertz.map((span) => `${hertzText(span)}`),
    showticklabels: false,
    showline: false,
    ticks: "" as const,
  };
}

export function hertzText([from, to]: Span): string {
  return `${Math.round(from)}\u2013${Math.round(to)} Hz`;
}

/** Round frequencies beside a panel. */
function scaleLabels(
  { ticktext, tickvals }: ReturnType<typeof melAxis>,
  panel: number,
): Annotation[] {
  return tickvals.map(
    (y, i) =>
      ({
        text: ticktext[i],
        xref: "paper",
        x: 0,
        xanchor: "right",
        xshift: -4,
        yref: axesOf(panel).yaxis,
        y,
        yanchor: "middle",
        showarrow: false,
      }) as Annotation,
  );
}

/** A panel's edge; an axis that panels share would draw only one of them. */
function border([from, to]: readonly number[]): Shape {
  return {
    type: "rect",
    xref: "paper",
    x0: 0,
    x1: 1,
    yref: "paper",
    y0: from,
    y1: to,
    line: { color: ink.axis, width: 1 },
  } as Shape;
}

/** A panel's name above its right corner. */
function headOf({ name, note }: PanelHead, y: number): Annotation {
  const words = note
    ? `<span style="color:${accent}">${literal(note)}</span>&nbsp;&nbsp;&nbsp;`
    : "";
  return {
    text: `${words}<b>${literal(name)}</b>`,
    xref: "paper",
    x: 1,
    xanchor: "right",
    yref: "paper",
    y,
    yanchor: "bottom",
    yshift: 3,
    align: "right",
    showarrow: false,
    borderpad: 0,
    bgcolor: ink.ground,
    font: { size: sizes.label, color: ink.title },
  } as Annotation;
}
