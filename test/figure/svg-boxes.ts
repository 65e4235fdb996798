import { fileURLToPath } from "node:url";
import { Resvg } from "@resvg/resvg-js";
import { JSDOM } from "jsdom";
import { fontFiles } from "../../lib/figure/text.ts";

export interface Box {
  readonly text: string;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Room around the picture in which cut-off ink would show. */
const air = 300;

/** Font files, and the family that stands in for all others. */
export interface Fonts {
  readonly files: readonly string[];
  readonly family: string;
}

export const arimo: Fonts = { files: fontFiles(), family: "Arimo" };

/** The widest font that a system has as its only one: Debian's. */
export const dejaVu: Fonts = {
  files: ["DejaVuSans", "DejaVuSans-Bold"].map((name) =>
    fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`)),
  ),
  family: "DejaVu Sans",
};

/** Where the ink of each text of an SVG lies, as another program draws it. */
export function textBoxes(svg: string, fonts = arimo): Box[] {
  const { document } = new JSDOM(svg, {
    contentType: "image/svg+xml",
  }).window;
  const root = document.documentElement;
  const width = Number(root.getAttribute("width"));
  const height = Number(root.getAttribute("height"));
  for (const element of root.querySelectorAll("rect, path, image, defs")) {
    element.remove();
  }
  root.setAttribute("width", String(width + 2 * air));
  root.setAttribute("height", String(height + 2 * air));
  root.setAttribute(
    "viewBox",
    `${-air} ${-air} ${width + 2 * air} ${height + 2 * air}`,
  );
  const texts = [...root.querySelectorAll("text")];
  for (const text of texts) text.setAttribute("display", "none");
  return texts.map((text) => {
    text.removeAttribute("display");
    const box = inkOf(root.outerHTML, fonts);
    text.setAttribute("display", "none");
    return { text: text.textContent ?? "", ...box };
  });
}

function inkOf(svg: string, { family, files }: Fonts) {
  const image = new Resvg(svg, {
    font: {
      loadSystemFonts: false,
      fontFiles: [...files],
      defaultFontFamily: family,
      sansSerifFamily: family,
    },
  });
  const box = image.innerBBox();
  if (box === undefined) throw new Error(`expected ink, got none: ${svg}`);
  return {
    left: box.x,
    top: box.y,
    right: box.x + box.width,
    bottom: box.y + box.height,
  };
}
