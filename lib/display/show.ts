import type { Drawing, Figure } from "../figure/figure.ts";
import { pngOf } from "../figure/render/png.ts";
import { type Rendered, renderFigure } from "../figure/render/render.ts";
import { writeFiles } from "./files.ts";
import { escapeHtml } from "./html.ts";
import {
  type Bundle,
  currentScreen,
  type Publish,
  type Screen,
} from "./kernel.ts";

export interface ShowOptions {
  /**
   * Gets `<name>.svg`, `.png` and, of a plot, `.json`; made if it is not
   * there.
   */
  readonly folder: string;
  /** Where to show it: this process's cell or terminal unless given. */
  readonly screen?: Screen;
  /** Where a cell's page says what the figure shows: below it unless given. */
  readonly wordsTo?: Publish;
}

/** What a page shows of numbers and of the colors of small letters. */
const pageQuality = { digits: 6, nColors: 32 };

/** Few buttons, only under the pointer, and none that sends a figure away. */
const plotlyConfig = {
  displaylogo: false,
  displayModeBar: "hover",
  modeBarButtonsToRemove: [
    ...["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
    "sendChartToCloud",
  ],
} as const;

/**
 * Shows a figure and writes it to files; the same figure gives the same bytes.
 *
 * In a cell a plot is interactive where the viewer knows plotly, and a picture
 * elsewhere; below it stands what it shows, in words. A page holds six digits
 * of each fraction and fewer colors, the files all. In a terminal one line
 * names the files.
 */
export async function show(
  figure: Figure | Drawing,
  { folder, screen = currentScreen(), wordsTo = screen.publish }: ShowOptions,
): Promise<void> {
  const rendered = await renderFigure(figure);
  const { alt, name, title } = figure;
  const plot = "svg" in figure ? undefined : plotOf(figure);
  const { png, svg } = rendered;
  const paths = writeFiles(folder, name, {
    ...(plot && { json: `${JSON.stringify({ name, title, alt, ...plot })}\n` }),
    svg,
    png,
  });
  if (screen.publish === undefined) {
    screen.write(`Figure: ${title}\n  ${paths.join("\n  ")}\n`);
    return;
  }
  screen.publish(await bundleOf(figure, rendered), false);
  wordsTo?.(wordsBundle(figure), false);
}

/** A figure under the running cell, of which no file is written. */
export async function sketch(figure: Figure, publish: Publish): Promise<void> {
  publish(await bundleOf(figure, await renderFigure(figure)), false);
}

function bundleOf(
  figure: Figure | Drawing,
  rendered: Rendered,
): Bundle | Promise<Bundle> {
  return "svg" in figure
    ? drawingBundle(figure, rendered)
    : plotBundle(figure, rendered);
}

function plotOf({ data, layout }: Figure) {
  return { data, layout };
}

/**
 * Without a PNG: JupyterLab's plotly would show its pixels one by one, at twice
 * the figure's size, until the pointer comes.
 */
function plotBundle(figure: Figure, { svg }: Rendered): Bundle {
  const { alt, title } = figure;
  return {
    data: {
      "application/vnd.plotly.v1+json": {
        ...shortened(plotOf(figure)),
        config: plotlyConfig,
      },
      "image/svg+xml": svg,
      "text/plain": `Figure: ${title}`,
    },
    metadata: { "image/svg+xml": { alt } },
  };
}

/** With a PNG for viewers that do not trust an SVG: two pixels for each one. */
async function drawingBundle(
  { alt, title }: Drawing,
  { height, svg, width }: Rendered,
): Promise<Bundle> {
  const png = await pngOf(svg, { nColors: pageQuality.nColors });
  return {
    data: {
      "image/svg+xml": svg,
      "image/png": Buffer.from(png).toString("base64"),
      "text/plain": `Figure: ${title}`,
    },
    metadata: {
      "image/svg+xml": { alt },
      "image/png": { alt, width, height },
    },
  };
}

/** For those who do not see the figure: Jupyter gives a picture no `alt`. */
function wordsBundle({ alt }: Figure | Drawing): Bundle {
  return {
    data: {
      "text/html":
        "<details><summary>The figure in words</summary>" +
        `<p>${escapeHtml(alt)}</p></details>`,
      "text/plain": alt,
    },
  };
}

/** The same JSON with no fraction longer than a page can show. */
function shortened<T>(json: T): T {
  const text = JSON.stringify(json, (_, value) =>
    typeof value === "number" && !Number.isInteger(value)
      ? Number(value.toPrecision(pageQuality.digits))
      : value,
  );
  return JSON.parse(text) as T;
}
