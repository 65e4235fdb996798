import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  isCode,
  joined,
  type Notebook,
  type Output,
} from "../../notebooks/runner/format.ts";
import {
  stripped,
  withoutNotebookLinks,
  withPictures,
} from "../../notebooks/runner/reading.ts";
import { notebookOf, textsOf } from "./support.ts";

/** A notebook of one code cell with one output. */
function showing(data: object, metadata: object = {}): Notebook {
  const notebook = notebookOf(["show();"]);
  const output = { output_type: "display_data", data, metadata } as Output;
  const cells = notebook.cells.map((cell) => ({
    ...cell,
    execution_count: 3,
    outputs: [output],
  }));
  return { ...notebook, cells };
}

function htmlOf({ cells }: Notebook): string {
  const [output] = cells.filter(isCode)[0].outputs;
  return "data" in output ? String(output.data["text/html"]) : "";
}

describe("stripped", () => {
  it("leaves the code, and no sign of a run", () => {
    const before = showing({ "text/plain": "seen" });
    const ran = {
      ...before,
      metadata: { ...before.metadata, pal_scale: "full" },
    };
    const { cells, metadata } = stripped(ran);
    assert.equal(metadata.pal_scale, undefined);
    assert.deepEqual(cells.filter(isCode)[0].outputs, []);
    assert.equal(cells.filter(isCode)[0].execution_count, null);
    assert.equal(joined(cells[0].source), "show();");
  });
});

describe("withPictures", () => {
  const data = { "image/svg+xml": "<svg/>", "image/png": "AAAA" };

  it("gives a figure its words, and takes the SVG before the PNG", () => {
    const html = htmlOf(
      withPictures(showing(data, { "image/svg+xml": { alt: 'Loss "falls"' } })),
    );
    assert.match(html, /^<img alt="Loss &quot;falls&quot;" /);
    assert.ok(html.includes(`base64,${btoa("<svg/>")}"`));
  });

  it("shows a PNG in the size that its notebook gives it", () => {
    const html = htmlOf(
      withPictures(
        showing(
          { "image/png": "AAAA\n", "text/plain": "Figure: x" },
          { "image/png": { width: 640 } },
        ),
      ),
    );
    assert.match(html, /alt="Figure: x" width="640" .*png;base64,AAAA"/);
  });

  it("leaves what is no picture", () => {
    const table = showing({ "text/html": "<table></table>" });
    assert.deepEqual(withPictures(table), table);
  });
});

describe("withoutNotebookLinks", () => {
  it("keeps the words, and links to elsewhere", () => {
    const { cells } = withoutNotebookLinks(
      textsOf("[a](b/c.ipynb), [d](https://example.org/e.ipynb)"),
    );
    assert.equal(cells[0].source, "a, [d](https://example.org/e.ipynb)");
  });
});
