import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readNotebook } from "../notebooks/runner/format.ts";
import { lintNotebook, notebookSizes } from "../notebooks/runner/lint.ts";

const folder = join(import.meta.dirname, "..", "notebooks");

describe("notebooks/", () => {
  const files = readdirSync(folder).filter((file) => file.endsWith(".ipynb"));

  it("holds notebooks", () => {
    assert.ok(files.length > 0);
  });

  for (const file of files) {
    it(`${file} names the kernel, keeps the sizes, holds no error`, (context) => {
      const notebook = readNotebook(join(folder, file));
      context.diagnostic(`${file}: ${JSON.stringify(notebookSizes(notebook))}`);
      assert.deepEqual(lintNotebook(notebook), []);
    });
  }
});
