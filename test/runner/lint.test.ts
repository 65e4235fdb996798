import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CodeCell, Notebook } from "../../notebooks/runner/format.ts";
import { lintNotebook } from "../../notebooks/runner/lint.ts";
import { notebookOf } from "./support.ts";

const withOutput = (output: CodeCell["outputs"][number]): Notebook => {
  const notebook = notebookOf(["1"]);
  const [cell] = notebook.cells as readonly CodeCell[];
  return { ...notebook, cells: [{ ...cell, outputs: [output] }] };
};
const good = notebookOf(["1"]);

describe("lintNotebook", () => {
  it("finds nothing wrong with a good notebook, whatever its keys' order", () => {
    const { kernelspec, ...rest } = good.metadata;
    assert.deepEqual(lintNotebook(good), []);
    const turned = { ...good, metadata: { x: 1, ...rest, kernelspec } };
    assert.deepEqual(lintNotebook(turned), []);
  });

  const faults: readonly (readonly [string, Notebook, RegExp])[] = [
    [
      "another kernel",
      {
        ...good,
        metadata: {
          ...good.metadata,
          kernelspec: { name: "tslab", display_name: "x" },
        },
      },
      /metadata\.kernelspec: expected .*pal-lab.*, got .*tslab/,
    ],
    [
      "no language",
      { ...good, metadata: { kernelspec: good.metadata.kernelspec } },
      /metadata\.language_info: .*got undefined/,
    ],
    [
      "41 code cells",
      notebookOf(Array(41).fill("1")),
      /code cells up to 40, got 41/,
    ],
    [
      "21 lines in a cell",
      notebookOf(["1\n".repeat(21)]),
      /lines in a cell up to 20, got 21/,
    ],
    [
      "large outputs",
      withOutput({
        output_type: "stream",
        name: "stdout",
        text: "x".repeat(450_000),
      }),
      /bytes of outputs up to 450000, got 450\d{3}/,
    ],
    [
      "an error output",
      withOutput({
        output_type: "error",
        ename: "E",
        evalue: "boom",
        traceback: [],
      }),
      /code cell 1: expected no error, got boom/,
    ],
  ];
  for (const [what, notebook, message] of faults) {
    it(`reports ${what}`, () => {
      const [fault, ...more] = lintNotebook(notebook);
      assert.match(fault, message);
      assert.deepEqual(more, []);
    });
  }

  it("accepts the largest allowed sizes", () => {
    const sources = ["1\n".repeat(20), ...Array(39).fill("1")];
    assert.deepEqual(lintNotebook(notebookOf(sources)), []);
  });
});
