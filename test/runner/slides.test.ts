import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isCode, type Notebook } from "../../notebooks/runner/format.ts";
import { asSlides } from "../../notebooks/runner/slides.ts";
import { notebookOf, textsOf } from "./support.ts";

const typesOf = (notebook: Notebook) =>
  asSlides(notebook).cells.map(
    ({ metadata }) => (metadata.slideshow as { slide_type: string }).slide_type,
  );

/** Code cells after one text. */
function codeAfterText(text: string, ...code: readonly string[]): Notebook {
  const { cells, ...rest } = notebookOf(["", ...code]);
  const [first] = textsOf(text).cells;
  return { ...rest, cells: [first, ...cells.slice(1)] };
}

describe("asSlides", () => {
  it("begins a slide at a heading, and a page at each other text", () => {
    assert.deepEqual(
      typesOf(textsOf("# One", "text\n\n## Two\n\nmore", "### three")),
      ["slide", "subslide", "slide", "subslide"],
    );
  });

  it("keeps code with its text as long as both fit", () => {
    const short = "f();";
    const long = "f();\n".repeat(19);
    assert.deepEqual(typesOf(codeAfterText("# One", short, short)), [
      "slide",
      "-",
      "-",
    ]);
    assert.deepEqual(typesOf(codeAfterText("# One", long, long)), [
      "slide",
      "-",
      "subslide",
    ]);
  });

  it("gives a figure a page of its own where its code fills one", () => {
    const { cells, ...rest } = notebookOf(["f();\n".repeat(19)]);
    const svg = '<svg xmlns="x" height="500"/>';
    const output = { output_type: "display_data", data: {}, metadata: {} };
    const outputs = [{ ...output, data: { "image/svg+xml": svg } }];
    const notebook = { ...rest, cells: [{ ...cells[0], outputs }] } as Notebook;
    const [code, shown] = asSlides(notebook).cells.filter(isCode);
    assert.deepEqual([code.outputs, shown.outputs], [[], outputs]);
    assert.deepEqual(shown.metadata.transient, { remove_source: true });
    assert.deepEqual(typesOf(notebook), ["slide", "subslide"]);
  });

  it("leaves what a cell says of itself", () => {
    const notebook = textsOf("# One");
    const slideshow = { slide_type: "skip" };
    const cells = [{ ...notebook.cells[0], metadata: { slideshow } }];
    const [cell] = asSlides({ ...notebook, cells } as Notebook).cells;
    assert.deepEqual(cell.metadata, { slideshow });
  });
});
