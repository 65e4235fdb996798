import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  checkNotebook,
  joined,
  notebookText,
  readNotebook,
  split,
  writeNotebook,
} from "../../notebooks/runner/format.ts";
import { temporaryFolder } from "../temporary.ts";
import { notebookOf } from "./support.ts";

const folder = temporaryFolder();

describe("split and joined", () => {
  it("undo each other, with one line break at the end of each line", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ab\n\r]{0,20}$/), (text) => {
        const lines = split(text);
        assert.equal(joined(lines), text);
        for (const line of lines) assert.match(line, /^(?:[^\n]*\n|[^\n]+)$/);
        assert.ok(lines.slice(0, -1).every((line) => line.endsWith("\n")));
      }),
    );
  });
});

describe("writeNotebook and readNotebook", () => {
  it("give back the same notebook and leave no other file", () => {
    const path = join(folder, "same.ipynb");
    const notebook = notebookOf(["1 +\n1", "// sch\u00f6n"]);
    writeNotebook(path, notebook);
    const again = readNotebook(path);
    assert.deepEqual(again.cells[0].source, ["1 +\n", "1"]);
    const cells = again.cells.map((cell) => ({
      ...cell,
      source: joined(cell.source),
    }));
    assert.deepEqual({ ...again, cells }, notebook);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes("same")),
      ["same.ipynb"],
    );
  });

  it("write as Jupyter does: one space, keys in order, a final line break", () => {
    const text = notebookText(notebookOf([]));
    assert.match(text, /^\{\n {1}"cells": \[\],\n {1}"metadata": \{\n/);
    assert.match(text, /"nbformat": 4,\n {1}"nbformat_minor": 5\n\}\n$/);
    const names = [...text.matchAll(/^ {2}"(\w+)"/gm)].map(([, name]) => name);
    assert.deepEqual(names, ["kernelspec", "language_info"]);
  });

  it("name the file and the fault of a bad notebook", () => {
    const path = join(folder, "bad.ipynb");
    writeFileSync(path, '{"cells": [');
    assert.throws(
      () => readNotebook(path),
      /readNotebook: .*bad\.ipynb: .*JSON/,
    );
    assert.throws(
      () => readNotebook(join(folder, "none.ipynb")),
      /expected a notebook at .*none\.ipynb, got none/,
    );
  });

  it("keep the old file whole when the new one cannot be written", () => {
    const path = join(folder, "kept.ipynb");
    writeNotebook(path, notebookOf(["1"]));
    const before = readFileSync(path, "utf8");
    const circular = notebookOf(["2"]) as unknown as Record<string, unknown>;
    circular.metadata = { big: 1n };
    assert.throws(() => writeNotebook(path, circular as never), /kept\.ipynb/);
    assert.equal(readFileSync(path, "utf8"), before);
  });
});

describe("checkNotebook", () => {
  const good = () => JSON.parse(notebookText(notebookOf(["1", "2"])));
  const refusals: [
    string,
    (notebook: ReturnType<typeof good>) => void,
    RegExp,
  ][] = [
    [
      "an older format",
      (n) => (n.nbformat_minor = 4),
      /nbformat 4\.5, got 4\.4/,
    ],
    ["cells that are no list", (n) => (n.cells = {}), /a list of cells/],
    ["an unknown kind", (n) => (n.cells[1].cell_type = "x"), /cell 2: .*got x/],
    ["a missing id", (n) => delete n.cells[0].id, /cell 1: expected an id/],
    ["an id used twice", (n) => (n.cells[1].id = "cell-0"), /"cell-0" twice/],
    ["missing source", (n) => (n.cells[0].source = [1]), /cell 1: .*source/],
    ["missing outputs", (n) => delete n.cells[0].outputs, /list of outputs/],
  ];
  for (const [what, spoil, message] of refusals) {
    it(`refuses ${what}`, () => {
      const notebook = good();
      spoil(notebook);
      assert.throws(() => checkNotebook(notebook), message);
    });
  }

  it("accepts the same notebook unspoiled", () => {
    assert.equal(checkNotebook(good()).cells.length, 2);
  });
});
