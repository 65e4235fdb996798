import type { Template } from "plotly.js";

/**
 * Sizes in CSS pixels. A figure is as wide as JupyterLab leaves a cell in a
 * window of 820; above its words is room for the buttons of a live page.
 */
export const sizes = {
  width: 640,
  margin: 16,
  top: 26,
  title: 18,
  subtitle: 13,
  label: 13,
  tick: 12,
  dot: 7,
} as const;

/** Widths of these are the same; the last may be up to `roomFor` wider. */
export const fontFamily =
  "Arimo, Arial, Helvetica, Liberation Sans, Nimbus Sans, sans-serif";

/** Ink for words and lines, from the loudest to the quietest. */
export const ink = {
  title: "#16191D",
  text: "#33383F",
  quiet: "#646A73",
  axis: "#9AA0A8",
  grid: "#E6E8EB",
  ground: "#FFFFFF",
} as const;

/**
 * One color for each design of the paper, in every figure.
 *
 * Chosen by search: each pair stays apart, also under red-green and blue
 * blindness, and each has a contrast of at least 3 to white.
 */
export const designColors: Readonly<Record<string, string>> = {
  baseline: "#64676D",
  "delayed-fusion": "#20419A",
  "attention-only": "#43A08E",
  "multi-encoder": "#CF7609",
  "shared-connector": "#761048",
};

/** Color of a design; what is no design of the paper is drawn in black. */
export function designColor(design: string): string {
  return designColors[design] ?? ink.title;
}

/** What a figure points at: the one thing in it that is not blue or gray. */
export const accent = "#CF4A06";

/**
 * What stands for text and for audio in the diagram of a design, whichever
 * design it is: its lane, and in it attention and FFN.
 */
export const lane = {
  text: { stream: "#EFF0F2", attention: "#B4B9C0", ffn: "#646A73" },
  audio: { stream: "#E3EAF3", attention: "#86A9CF", ffn: "#335E9F" },
} as const;

/**
 * Colors of the parts of a whole, in their order: dark and light in turn, so
 * that neighbors stay apart in gray too.
 */
export const partColors: readonly string[] = [
  "#CF7609",
  "#1E3A78",
  "#86A9CF",
  "#335E9F",
  "#B4B9C0",
];

/**
 * Colors of a heatmap from low to high: white, blue, navy.
 *
 * Lightness falls evenly, so that it reads the same in gray and in print.
 */
export const heat: readonly [number, string][] = [
  [0, "#FFFFFF"],
  [0.15, "#E3EAF3"],
  [0.3, "#B9CCE2"],
  [0.45, "#86A9CF"],
  [0.6, "#5583B9"],
  [0.75, "#335E9F"],
  [0.9, "#1E3A78"],
  [1, "#12224B"],
];

const axis = {
  automargin: false,
  ticklabeloverflow: "allow",
  showgrid: false,
  zeroline: false,
  showline: true,
  linecolor: ink.axis,
  linewidth: 1,
  ticks: "outside",
  ticklen: 4,
  tickcolor: ink.axis,
  tickfont: { size: sizes.tick, color: ink.text },
  title: { font: { size: sizes.label, color: ink.text }, standoff: 8 },
} as const;

/** One line without a pointer, through which what lies below is seen. */
const hoverlabel = {
  align: "left",
  bgcolor: "rgba(255, 255, 255, 0.85)",
  bordercolor: ink.grid,
  font: { family: fontFamily, size: sizes.tick, color: ink.text },
  showarrow: false,
} as const;

/** What all figures share: white ground, thin axes, no legend. */
export const template: Template = {
  layout: {
    font: { family: fontFamily, size: sizes.tick, color: ink.text },
    paper_bgcolor: ink.ground,
    plot_bgcolor: ink.ground,
    showlegend: false,
    hovermode: "closest",
    hoverlabel,
    xaxis: axis,
    yaxis: axis,
  },
};
