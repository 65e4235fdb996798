import { fontFiles } from "../text.ts";
import { indexedPng } from "./indexed-png.ts";

/**
 * Pixels of an SVG on white, as a PNG with a palette.
 *
 * @param zoom - device pixels for each CSS pixel: 2 for print and sharp screens
 * @param nColors - of the palette, at most 256
 */
export async function pngOf(
  svg: string,
  { zoom = 2, nColors = 256 } = {},
): Promise<Uint8Array> {
  const { Resvg } = await import("@resvg/resvg-js");
  // resvg knows SVG's older word for the same, and blurs under the new one.
  const source = svg.replaceAll(
    /image-rendering(:|=")pixelated/g,
    "image-rendering$1optimizeSpeed",
  );
  const image = new Resvg(source, {
    background: "#FFFFFF",
    fitTo: { mode: "zoom", value: zoom },
    font: {
      loadSystemFonts: false,
      fontFiles: [...fontFiles()],
      defaultFontFamily: "Arimo",
    },
  }).render();
  return indexedPng(image, nColors);
}
