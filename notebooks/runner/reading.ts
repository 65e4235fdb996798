import { escapeHtml } from "../../lib/display/html.ts";
import {
  type DisplayOutput,
  isCode,
  joined,
  type MultilineText,
  type Notebook,
  type Output,
} from "./format.ts";

/** The same notebook as nobody has run it. */
export function stripped(notebook: Notebook): Notebook {
  const { pal_scale: _, ...metadata } = notebook.metadata;
  const cells = notebook.cells.map((cell) =>
    isCode(cell) ? { ...cell, execution_count: null, outputs: [] } : cell,
  );
  return { ...notebook, metadata, cells } as Notebook;
}

/** The same notebook with a picture and its alternative text for each figure. */
export function withPictures(notebook: Notebook): Notebook {
  const cells = notebook.cells.map((cell) =>
    isCode(cell) ? { ...cell, outputs: cell.outputs.map(asPicture) } : cell,
  );
  return { ...notebook, cells } as Notebook;
}

/** Media types of pictures, the sharpest first. */
const pictures = ["image/svg+xml", "image/png"] as const;

function asPicture(output: Output): Output {
  if (!("data" in output)) return output;
  const type = pictures.find((each) => output.data[each] !== undefined);
  if (type === undefined) return output;
  return { ...output, data: { "text/html": pictureOf(type, output) } };
}

/** A picture as HTML, with its words and its size. */
function pictureOf(
  type: (typeof pictures)[number],
  { data, metadata }: DisplayOutput,
): string {
  const text = joined(data[type] as MultilineText);
  const code =
    type === "image/png" ? text : Buffer.from(text).toString("base64");
  const { alt, width } = (metadata[type] ?? {}) as PictureMetadata;
  const words = alt ?? joined((data["text/plain"] ?? "") as MultilineText);
  return (
    `<img alt="${escapeHtml(words)}" ${width ? `width="${width}" ` : ""}` +
    'style="max-width:100%;height:auto" ' +
    `src="data:${type};base64,${code.replaceAll("\n", "")}">`
  );
}

interface PictureMetadata {
  readonly alt?: string;
  readonly width?: number;
}

/** The same notebook without links to notebooks, which a page does not have. */
export function withoutNotebookLinks(notebook: Notebook): Notebook {
  const cells = notebook.cells.map((cell) =>
    isCode(cell)
      ? cell
      : {
          ...cell,
          source: joined(cell.source).replace(
            /\[([^\]]*)\]\((?!https?:)[^)]*\.ipynb\)/g,
            "$1",
          ),
        },
  );
  return { ...notebook, cells } as Notebook;
}
