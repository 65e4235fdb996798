import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  breakdown,
  type PartRow,
} from "../../../lib/figure/design/breakdown.ts";

const words = { name: "cost", title: "A claim", axis: "GFLOPs" };

const rows: readonly PartRow[] = [
  { design: "baseline", group: "forward", part: "connector", value: 1 },
  { design: "baseline", group: "forward", part: "FFN", value: 30 },
  { design: "attention-only", group: "forward", part: "FFN", value: 20.5 },
];

interface Bars {
  readonly name: string;
  readonly x: readonly number[];
}

describe("breakdown", () => {
  it("stacks the parts in the order of the rows, absent ones as 0", () => {
    const { data, layout } = breakdown(rows, words);
    assert.equal(layout.barmode, "stack");
    assert.deepEqual(
      (data as unknown as Bars[]).map(({ name, x }) => ({ name, x })),
      [
        { name: "connector", x: [1, 0] },
        { name: "FFN", x: [30, 20.5] },
      ],
    );
  });

  it("writes each total at its bar's end", () => {
    const { layout } = breakdown(rows, words);
    const ends = layout.annotations?.filter(({ xref }) => xref === "x");
    assert.deepEqual(
      ends?.map(({ text, x }) => ({ text, x })),
      [
        { text: "31", x: 31 },
        { text: "20.5", x: 20.5 },
      ],
    );
  });

  it("says the same in words", () => {
    assert.equal(
      breakdown(rows, words).alt,
      "GFLOPs. baseline, forward: 31 (connector 1, FFN 30); " +
        "attention-only, forward: 20.5 (connector 0, FFN 20.5).",
    );
  });

  it("refuses what it cannot draw, and says where", () => {
    const [row] = rows;
    assert.throws(() => breakdown([], words), {
      name: "RangeError",
      message: "breakdown: expected rows, got none (cost)",
    });
    assert.throws(
      () => breakdown([{ ...row, value: -1 }], words),
      /expected values of 0 or more, got -1 \(connector of baseline, forward\)/,
    );
    assert.throws(
      () => breakdown([row, row], words),
      /expected one value for each part, got two/,
    );
    assert.throws(
      () =>
        breakdown(
          [..."abcdef"].map((part) => ({ ...row, part })),
          words,
        ),
      /expected up to 5 parts, got 6/,
    );
  });
});
