import type { Drawing, Figure } from "../figure/figure.ts";
import { pngOf } from "../figure/render/png.ts";
import { type Rendered, renderFigure } from "../figure/render/render.ts";
import { writeFiles } from "./files.ts";
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
}

/** What a page shows of numbers and of the colors of small letters. */
const pageQuality = { digits: 6, nColors: 64 };

/** Few buttons, and only under the pointer: they would cover the title. */
const plotlyConfig = {
  displaylogo: false,
  displayModeBar: "hover",
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
} as const;

/**
 * Shows a figure and writes it to files; the same figure gives the same bytes.
 *
 * In a cell a plot is interactive where the viewer knows plotly, and a picture
 * elsewhere; a page holds six digits of each fraction and fewer colors, the
 * files all. In a terminal one line names the files.
 */
export async function show(
  figure: Figure | Drawing,
  { folder, screen = currentScreen() }: ShowOptions,
): Promise<void> {
  const { svg, png, width, height } = await renderFigure(figure);
  const { alt, name, title } = figure;
  const plot = "svg" in figure ? undefined : plotOf(figure);
  const paths = writeFiles(folder, name, {
    ...(plot && { json: `${JSON.stringify({ name, title, alt, ...plot })}\n` }),
    svg,
    png,
  });
  if (screen.publish === undefined) {
    screen.write(`Figure: ${title}\n  ${paths.join("\n  ")}\n`);
    return;
  }
  screen.publish(await bundleOf(figure, { svg, width, height }), false);
}

/** A figure under the running cell, of which no file is written. */
export async function sketch(figure: Figure, publish: Publish): Promise<void> {
  publish(await bundleOf(figure, await renderFigure(figure)), false);
}

async function bundleOf(
  figure: Figure | Drawing,
  { height, svg, width }: Omit<Rendered, "png">,
): Promise<Bundle> {
  // JupyterLab shows this in its own size until plotly draws.
  const { nColors } = pageQuality;
  const preview = await pngOf(svg, { zoom: 1, nColors });
  const picture =
    "svg" in figure
      ? { "image/svg+xml": svg }
      : {
          "application/vnd.plotly.v1+json": {
            ...shortened(plotOf(figure)),
            config: plotlyConfig,
          },
        };
  return {
    data: {
      ...picture,
      "image/png": Buffer.from(preview).toString("base64"),
      "text/plain": `Figure: ${figure.title}\n${figure.alt}`,
    },
    metadata: { "image/png": { width, height } },
  };
}

function plotOf({ data, layout }: Figure) {
  return { data, layout };
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
