import { fontFiles } from "../text.ts";
import { indexedPng } from "./indexed-png.ts";

/** Device pixels for each CSS pixel, for print and for sharp screens. */
const zoom = 2;

/** Pixels of an SVG on white, as a PNG with a palette of 256 colors. */
export async function pngOf(svg: string): Promise<Uint8Array> {
  const { Resvg } = await import("@resvg/resvg-js");
  // resvg knows SVG's older word for the same, and blurs under the new one.
  const source = svg.replaceAll(
    "image-rendering:pixelated",
    "image-rendering:optimizeSpeed",
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
  return indexedPng(image);
}
