import type { Drawing, Figure } from "../figure.ts";
import { sizes } from "../theme.ts";
import { type Page, plotlyPage } from "./dom.ts";
import { withFont } from "./embed-font.ts";
import { pngOf } from "./png.ts";
import { standaloneSvg } from "./svg.ts";

/** A figure as files: letters with their font, and pixels at twice its size. */
export interface Rendered {
  readonly svg: string;
  readonly png: Uint8Array;
  /** In CSS pixels; the PNG has twice as many. */
  readonly width: number;
  readonly height: number;
}

const defaultHeight = 440;

/** One figure at a time: they share a window and its random numbers. */
let turn: Promise<unknown> = Promise.resolve();

/**
 * Draws a figure without a browser; the same figure gives the same bytes.
 *
 * The first call opens a window with plotly in it, which takes a second or
 * two; later ones take a fraction of that.
 */
export function renderFigure(figure: Figure | Drawing): Promise<Rendered> {
  if ("svg" in figure) return drawn(figure);
  const drawing = turn.then(() => draw(figure));
  // A figure that fails does not stop the ones behind it.
  turn = drawing.catch(() => undefined);
  return drawing;
}

async function drawn({ height, svg, width }: Drawing): Promise<Rendered> {
  return { svg: await withFont(svg), png: await pngOf(svg), width, height };
}

/** Kinds of trace that plotly draws with WebGL, or over the map of a server. */
const undrawable =
  /gl$|3d$|^(cone|isosurface|parcoords|splom|streamtube|surface|volume)$|^(scatter|choropleth|density)map/;

async function draw(figure: Figure): Promise<Rendered> {
  for (const { type } of figure.data) {
    if (type !== undefined && undrawable.test(type)) {
      throw new RangeError(
        `renderFigure: expected traces that need no WebGL, got "${type}" ` +
          `(figure "${figure.name}")`,
      );
    }
  }
  const width = figure.width ?? sizes.width;
  const height = figure.height ?? defaultHeight;
  const page = await plotlyPage();
  const source = await plotlySvg(page, figure, { width, height });
  const svg = await standaloneSvg(source, figure);
  return { svg: await withFont(svg), png: await pngOf(svg), width, height };
}

async function plotlySvg(
  { faults, window }: Page,
  figure: Figure,
  size: { width: number; height: number },
): Promise<string> {
  // Plotly draws its ids from Math.random.
  window.Math.random = seeded(1);
  faults.length = 0;
  try {
    // Plotly writes defaults into what it is given.
    const { data, layout } = structuredClone({
      data: figure.data,
      layout: figure.layout,
    });
    const address = await window.Plotly.toImage(
      { data, layout },
      { format: "svg", ...size },
    );
    if (faults.length > 0) throw faults[0];
    return decodeURIComponent(address.slice(address.indexOf(",") + 1));
  } catch (cause) {
    throw new Error(
      "renderFigure: expected data that plotly can draw, got " +
        `"${cause instanceof Error ? cause.message : cause}" ` +
        `(figure "${figure.name}")`,
      { cause },
    );
  }
}

/** Park and Miller's generator: repeatable numbers, not good ones. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
