import {
  type Cell,
  isCode,
  joined,
  type MultilineText,
  type Notebook,
  type Output,
} from "./format.ts";

/** Heights on a slide, in the pixels of the template. */
const slide = { height: 750, text: 30, code: 19, row: 27, letters: 105 };

/**
 * The same notebook cut into slides: a heading begins one, pages go down from
 * it, and a cell stays on the page of the one before it where both fit. What a
 * cell says of itself stays.
 */
export function asSlides(notebook: Notebook): Notebook {
  let filled = Number.POSITIVE_INFINITY;
  const cells = notebook.cells.flatMap(partsOf).map((cell, i) => {
    const height = heightOf(cell);
    const isHead = i === 0 || /^#{1,2} /.test(joined(cell.source));
    const begins = isHead || !isCode(cell) || filled + height > slide.height;
    filled = begins ? height : filled + height;
    const type = isHead ? "slide" : begins ? "subslide" : "-";
    const slideshow = { slide_type: type };
    return { ...cell, metadata: { slideshow, ...cell.metadata } };
  });
  return { ...notebook, cells } as Notebook;
}

/**
 * A text in a cell for each of its headings, and what code shows apart from it
 * where a page does not hold both.
 */
function partsOf(cell: Cell): Cell[] {
  if (isCode(cell)) {
    const shows = cell.outputs.some((output) => pictureHeight(output) > 0);
    if (!shows || heightOf(cell) <= slide.height) return [cell];
    // nbconvert's word for a cell whose code is not printed.
    const transient = { remove_source: true };
    const metadata = { ...cell.metadata, transient };
    return [
      { ...cell, outputs: [] },
      { ...cell, id: `${cell.id}-shown`, source: "", metadata },
    ];
  }
  const parts = joined(cell.source).split(/\n+(?=#{1,2} )/);
  return parts.map((source, i) =>
    i === 0 ? { ...cell, source } : { ...cell, source, id: `${cell.id}-${i}` },
  );
}

/** About how high a cell stands on a slide. */
function heightOf(cell: Cell): number {
  const lines = joined(cell.source).split("\n");
  if (!isCode(cell)) {
    const letters = lines.reduce((sum, line) => sum + line.length, 0);
    return slide.text * (Math.ceil(letters / slide.letters) + 1);
  }
  const outputs = cell.outputs.map(outputHeight);
  return outputs.reduce(
    (sum, height) => sum + height,
    slide.code * (lines.length + 2),
  );
}

function outputHeight(output: Output): number {
  if (output.output_type === "stream") {
    return slide.code * joined(output.text).split("\n").length;
  }
  if (output.output_type === "error") return slide.row;
  const html = joined((output.data["text/html"] ?? "") as MultilineText);
  const rows = html.split("<tr").length + 1;
  return pictureHeight(output) || slide.row * rows;
}

/** Of a figure; 0 for what is none. */
function pictureHeight(output: Output): number {
  if (!("data" in output)) return 0;
  const svg = joined((output.data["image/svg+xml"] ?? "") as MultilineText);
  return Number(/<svg[^>]* height="(\d+)/.exec(svg)?.[1] ?? 0);
}
