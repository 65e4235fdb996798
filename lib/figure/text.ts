import { createRequire } from "node:module";
import type { SKRSContext2D } from "@napi-rs/canvas";

const require = createRequire(import.meta.url);

/** How a piece of text is set; sizes in pixels. */
export interface TextStyle {
  readonly size: number;
  readonly bold?: boolean;
}

/** A family name of its own, so that no font of the system can answer to it. */
const measuredFamily = "PAL figure";

/**
 * The font files that figures are drawn with, regular and bold.
 *
 * Arimo has the widths of Arial, Helvetica and Liberation Sans.
 */
export function fontFiles(): readonly string[] {
  try {
    return ["400Regular/Arimo_400Regular", "700Bold/Arimo_700Bold"].map(
      (file) => require.resolve(`@expo-google-fonts/arimo/${file}.ttf`),
    );
  } catch (cause) {
    throw new Error(
      "fontFiles: expected the font of the figures, Arimo, got no file; " +
        "run npm install",
      { cause },
    );
  }
}

let context: SKRSContext2D | undefined;

function measuringContext(): SKRSContext2D {
  if (context === undefined) {
    const { GlobalFonts, createCanvas } =
      require("@napi-rs/canvas") as typeof import("@napi-rs/canvas");
    for (const file of fontFiles()) {
      GlobalFonts.registerFromPath(file, measuredFamily);
    }
    context = createCanvas(1, 1).getContext("2d");
  }
  return context;
}

/** Width of one line of text, in pixels. */
export function textWidth(text: string, style: TextStyle): number {
  const drawing = measuringContext();
  const weight = style.bold ? "bold" : "normal";
  drawing.font = `${weight} ${style.size}px "${measuredFamily}"`;
  return drawing.measureText(text).width;
}

/**
 * Width of one line of text in any font that may stand in for Arimo where a
 * live page finds none of its names: DejaVu Sans is the widest of them.
 */
export function roomFor(text: string, style: TextStyle): number {
  return stretch(style) * textWidth(text, style);
}

/** DejaVu Sans over Arimo, where words are widest. */
export function stretch({ bold = false }: TextStyle): number {
  return bold ? 1.23 : 1.19;
}

/**
 * Breaks text at spaces so that each line fits into `width` pixels; a number
 * and its percent sign stay together.
 */
export function wrapText(
  text: string,
  width: number,
  style: TextStyle,
): string[] {
  const lines: string[] = [];
  const words = text.split(/\s+(?!%)/).filter(Boolean);
  for (const word of words) {
    const longer = lines.length > 0 ? `${lines.at(-1)} ${word}` : word;
    if (lines.length > 0 && textWidth(longer, style) <= width) {
      lines[lines.length - 1] = longer;
    } else {
      lines.push(word);
    }
  }
  return lines;
}

/** Breaks text into as few lines as fit, all of about the same width. */
export function balancedLines(
  text: string,
  width: number,
  style: TextStyle,
): string[] {
  let best = wrapText(text, width, style);
  let [tooNarrow, enough] = [0, width];
  while (best.length > 1 && enough - tooNarrow > 4) {
    const middle = (tooNarrow + enough) / 2;
    const lines = wrapText(text, middle, style);
    if (lines.length === best.length) [best, enough] = [lines, middle];
    else tooNarrow = middle;
  }
  return best;
}

/** Text as plotly shows it literally: its own tags and entities stay inert. */
export function literal(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
