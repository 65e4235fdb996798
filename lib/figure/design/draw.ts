import type { Drawing } from "../figure.ts";
import { headOf, type Words } from "../frame.ts";
import { literal } from "../text.ts";
import { fontFamily, ink, sizes } from "../theme.ts";
import { type Mark, paths } from "./paint.ts";

/** Lines of text at a point, in CSS pixels from the plot's left top. */
export interface Text {
  readonly lines: readonly string[];
  readonly x: number;
  /** Of the lines' top, or of their middle where they are centered on it. */
  readonly y: number;
  readonly isCentered?: boolean;
  readonly anchor?: "middle" | "end";
  readonly size?: number;
  readonly color?: string;
  /** How many of the lines are bold, from the first. */
  readonly nBold?: number;
}

interface Plot {
  readonly plotHeight: number;
  readonly alt: string;
  readonly marks: readonly Mark[];
  readonly texts: readonly Text[];
}

/** Title, subtitle, marks and texts as an SVG that needs nothing else. */
export function draw(words: Words, plot: Plot): Drawing {
  const { subtitle, title, top } = headOf(words);
  const { width, margin } = sizes;
  const height = top + plot.plotHeight + margin;
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" ` +
      `height="${height}" viewBox="0 0 ${width} ${height}" ` +
      `font-family="${fontFamily}" role="img">`,
    `<title>${literal(words.title)}</title>`,
    `<desc>${literal(plot.alt)}</desc>`,
    `<rect width="${width}" height="${height}" fill="${ink.ground}"/>`,
    ...[title, subtitle].flatMap(textSvg),
    `<g transform="translate(${margin},${top})">`,
    ...paths(plot.marks),
    ...plot.texts.flatMap(textSvg),
    "</g>",
    "</svg>\n",
  ].join("\n");
  const { alt } = plot;
  return { name: words.name, title: words.title, alt, svg, width, height };
}

/** From one line of text to the next. */
export const leading = (size: number) => Math.ceil(1.3 * size);

/** An element for each line. */
function textSvg(text: Text): string[] {
  const { anchor, color = ink.text, lines, nBold = 0 } = text;
  const { isCentered, size = sizes.tick, x, y } = text;
  const top = isCentered ? y - (lines.length * leading(size)) / 2 : y;
  return lines.map((line, i) => {
    const baseline = top + (i + 0.5) * leading(size) + 0.36 * size;
    return (
      `<text x="${x}" y="${baseline.toFixed(1)}" font-size="${size}" ` +
      `fill="${color}"${anchor ? ` text-anchor="${anchor}"` : ""}` +
      `${i < nBold ? ' font-weight="bold"' : ""}>${literal(line)}</text>`
    );
  });
}
