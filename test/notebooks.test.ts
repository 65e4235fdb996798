import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { isCode, joined, readNotebook } from "../notebooks/runner/format.ts";
import { lintNotebook, notebookSizes } from "../notebooks/runner/lint.ts";
import {
  notShown,
  readSolved,
  solutionsOf,
  solutionsPath,
} from "../notebooks/runner/solutions.ts";

const folder = join(import.meta.dirname, "..", "notebooks");
const inFolder = (path: string) =>
  readdirSync(path).filter((file) => file.endsWith(".ipynb"));

describe("notebooks/", () => {
  const files = inFolder(folder);

  it("holds notebooks, and solutions for each of them", () => {
    assert.ok(files.length > 0);
    assert.deepEqual(inFolder(join(folder, "solutions")), files);
  });

  for (const file of files) {
    const path = join(folder, file);

    it(`${file} names the kernel, keeps the sizes, holds no error`, (context) => {
      const notebook = readNotebook(path);
      context.diagnostic(`${file}: ${JSON.stringify(notebookSizes(notebook))}`);
      assert.deepEqual(lintNotebook(notebook), []);
    });

    it(`${file} has an exercise that is solved apart, and not in it`, () => {
      const solutions = readNotebook(solutionsPath(path));
      assert.ok(solutionsOf(solutions).length > 0);
      assert.deepEqual(lintNotebook(solutions), []);
      readSolved(path);
      assert.equal(
        notShown(readNotebook(path), solutions).length,
        solutionsOf(solutions).length,
        "as stored, no exercise is solved",
      );
      const texts = readNotebook(path).cells.map(({ source }) =>
        joined(source),
      );
      assert.ok(!texts.some((text) => /<summary>Solution/i.test(text)));
    });

    it(`${file} has words for each of its figures`, () => {
      const pictures = readNotebook(path)
        .cells.filter(isCode)
        .flatMap(({ outputs }) => outputs)
        .filter((output) => "data" in output)
        .flatMap(({ data, metadata }) =>
          Object.keys(data)
            .filter((type) => type.startsWith("image/"))
            .map((type) => (metadata[type] as { alt?: string })?.alt ?? ""),
        );
      assert.ok(pictures.length > 0);
      assert.ok(pictures.every((alt) => alt.length > 40));
    });
  }
});
