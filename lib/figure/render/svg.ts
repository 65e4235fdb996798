import type { Config } from "svgo";
import type { Figure } from "../figure.ts";
import { literal } from "../text.ts";
import { fontFamily } from "../theme.ts";

/** Attributes that only a live plotly page reads, and the font's many names. */
const liveAttributes = [
  "class",
  "pointer-events",
  "data-.*",
  "xml:space",
  "font-family",
];

/** Geometry to a hundredth of a pixel: finer is noise. */
const config: Config = {
  multipass: true,
  floatPrecision: 2,
  plugins: [
    "convertStyleToAttrs",
    { name: "removeAttrs", params: { attrs: liveAttributes } },
    "preset-default",
    // What style is left says what an SVG viewer does anyway.
    { name: "removeAttrs", params: { attrs: ["style"] } },
    {
      name: "addAttributesToSVGElement",
      params: { attributes: [{ role: "img" }, { "font-family": fontFamily }] },
    },
  ],
};

/**
 * Plotly's SVG as a file that stands alone: no leftovers of the live page, the
 * font said once, and words for those who cannot see it.
 */
export async function standaloneSvg(
  source: string,
  { alt, title }: Figure,
): Promise<string> {
  const { optimize } = await import("svgo");
  // resvg does not read quotes around ids.
  const { data } = optimize(
    source.replace(/url\(("|'|&quot;)(#.*?)\1\)/g, "url($2)"),
    config,
  );
  const words = `<title>${literal(title)}</title><desc>${literal(alt)}</desc>`;
  return `${data.replace(/^<svg[^>]*>/, (root) => root + words)}\n`;
}
