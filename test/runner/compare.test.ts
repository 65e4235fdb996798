import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compareNotebooks, normalize } from "../../notebooks/runner/compare.ts";
import { diffLines } from "../../notebooks/runner/diff.ts";
import type { Notebook, Output } from "../../notebooks/runner/format.ts";
import { notebookOf } from "./support.ts";

const same: readonly (readonly [string, string, string])[] = [
  ["durations", "done in 1.25 s", "done in 713 ms"],
  ["compound durations", "left: 1 min 3 s", "left: 58 s"],
  ["clock times", "took 0:03", "took 1:12:09"],
  [
    "a finished bar",
    "train: 9 of 9 in 12.3 s (1.2/s)",
    "train: 9 of 9 in 1 min 2 s (1.4 s each)",
  ],
  ["rates", "ran at 12.1 steps/s, 3 MB/s", "ran at 9 steps/s, 2.7 MB/s"],
  ["dates", "on 2026-11-22T20:56:29.1Z", "on 2027-01-01 07:00"],
  ["versions", "tfjs 4.22.0 on v20.20.2", "tfjs 4.23.1-rc.1 on v22.1.0"],
  ["ids", "run 1f9a0c3e77", "run 99e0d1ab02"],
  [
    "UUIDs",
    "0e8fd6b0-3a55-4f28-8e9c-0a5a4be9b0c2",
    "d9428888-122b-11e1-b85c-61cd3cbb3210",
  ],
  ["paths", "in /home/ann/kit/x.json.", "in /srv/b/x.json."],
  ["digits after the third", "loss 0.123449", "loss 0.12341"],
  ["colors", "\u001b[31mred\u001b[0m", "red"],
  ["progress", "[====>    ] 40 %\nend", "████▌ 91 %\nend"],
  ["overwritten lines", "10 %\r20 %\rdone", "done"],
  ["empty lines and ends", "a  \n\n\nb", "a\nb"],
];
const different: readonly (readonly [string, string, string])[] = [
  ["the third digit", "loss 0.123", "loss 0.124"],
  ["whole numbers", "1234567 parameters", "1234568 parameters"],
  ["a sign", "-0.5", "0.5"],
  ["words", "accuracy rose", "accuracy fell"],
  ["fractions of small numbers", "0.000123", "0.000125"],
  ["a decade", "face", "fade"],
];

describe("normalize", () => {
  for (const [what, one, other] of same) {
    it(`takes out ${what}`, () => {
      assert.deepEqual(normalize(one), normalize(other));
      assert.notDeepEqual(normalize(one), []);
    });
  }
  for (const [what, one, other] of different) {
    it(`keeps ${what}`, () => {
      assert.notDeepEqual(normalize(one), normalize(other));
    });
  }

  it("changes nothing when done twice", () => {
    for (const [, one] of [...same, ...different]) {
      const once = normalize(one);
      assert.deepEqual(normalize(once.join("\n")), once);
    }
  });

  it("names what it took out", () => {
    assert.deepEqual(normalize("epoch 3: 0.98765 in 12 s at 4 clips/s"), [
      "epoch 3: 0.988 in <duration> at <rate>",
    ]);
  });
});

describe("diffLines", () => {
  it("keeps what is common and marks the rest", () => {
    assert.deepEqual(diffLines(["a", "b", "c"], ["a", "x", "c", "d"]), [
      "  a",
      "- b",
      "+ x",
      "  c",
      "+ d",
    ]);
  });
});

const print = (text: string): Output => ({
  output_type: "stream",
  name: "stdout",
  text,
});
function withOutputs(...outputs: Output[][]): Notebook {
  const notebook = notebookOf(outputs.map((_, i) => `step(${i})`));
  const cells = notebook.cells.map((cell, i) => ({
    ...cell,
    outputs: outputs[i],
  }));
  return { ...notebook, cells } as Notebook;
}

describe("compareNotebooks", () => {
  it("reports the cell that differs, and no other", () => {
    const [difference, ...more] = compareNotebooks(
      withOutputs([print("0.5 s")], [print("a\nb\n")]),
      withOutputs([print("7 s")], [print("a\nc\n")]),
    );
    assert.deepEqual(difference, {
      cell: 2,
      source: "step(1)",
      diff: ["  a", "- b", "+ c"],
    });
    assert.deepEqual(more, []);
  });

  it("sees that a picture is missing, not how it looks", () => {
    const figure = (data: Record<string, string>): Output => ({
      output_type: "display_data",
      data: { "text/plain": "Loss falls", ...data },
      metadata: {},
    });
    const png = (bytes: string) =>
      withOutputs([figure({ "image/png": bytes })]);
    assert.deepEqual(compareNotebooks(png("AAAA"), png("BBBB")), []);
    const [{ diff }] = compareNotebooks(png("AAAA"), withOutputs([figure({})]));
    assert.deepEqual(diff.slice(0, 2), [
      "- [image/png, text/plain]",
      "+ [text/plain]",
    ]);
  });

  it("refuses notebooks with other code", () => {
    assert.throws(
      () => compareNotebooks(notebookOf(["a"]), notebookOf(["b"])),
      /expected the same code in cell 1/,
    );
    assert.throws(
      () => compareNotebooks(notebookOf(["a"]), notebookOf([])),
      /expected 1 code cells, got 0/,
    );
  });
});
