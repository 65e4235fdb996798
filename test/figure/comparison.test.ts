import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparison } from "../../lib/figure/comparison.ts";
import { designColors } from "../../lib/figure/theme.ts";
import { designs, scores } from "./examples.ts";

const words = { name: "scores", title: "A claim", axis: "Accuracy (%)" };
const two = [
  { design: "baseline", group: "held out", seed: 0, score: 40 },
  { design: "baseline", group: "held out", seed: 1, score: 44 },
];

interface Drawn {
  readonly mode: string;
  readonly name?: string;
  readonly x: readonly number[];
  readonly hovertemplate?: string;
}

function drawn(figure: { data: readonly unknown[] }): Drawn[] {
  return figure.data as Drawn[];
}

describe("comparison", () => {
  it("draws every seed, their range and their mean", () => {
    const [range, seeds, mean] = drawn(comparison(two, words));
    assert.deepEqual(range.x, [40, 44]);
    assert.deepEqual(seeds.x, [40, 44]);
    assert.deepEqual(mean.x, [42]);
    assert.match(
      mean.hovertemplate ?? "",
      /mean 42\.0, 40\.0 to 44\.0, 2 seeds/,
    );
  });

  it("says the same in words", () => {
    assert.equal(
      comparison(two, words).alt,
      "Accuracy (%), mean and range over seeds. baseline on held out: " +
        "42.0 (40.0 to 44.0 over 2 seeds).",
    );
  });

  it("gives each design its color in every group", () => {
    const rows = scores(["one", "other"]);
    const text = JSON.stringify(comparison(rows, words).data);
    for (const design of designs) {
      assert.equal(text.split(designColors[design]).length - 1, 2 * 3);
    }
  });

  it("keeps the order of the rows", () => {
    const rows = scores(["one", "other"]);
    const names = drawn(comparison(rows, words))
      .filter((trace) => trace.mode === "markers")
      .map((trace) => trace.name);
    assert.deepEqual(names.slice(0, 5), designs);
  });

  it("draws a guess in each group and names it once", () => {
    const rows = scores(["one", "other"]);
    const { layout } = comparison(rows, { ...words, chance: 10 });
    assert.equal(layout.shapes?.length, 2);
    const labels = layout.annotations?.map((label) => label.text);
    assert.equal(labels?.filter((text) => text === "chance").length, 1);
  });

  it("has room on its axis for the scores and for the guess", () => {
    const end = (chance?: number) =>
      comparison(two, { ...words, chance }).layout.xaxis?.range?.[1];
    assert.equal(end(), 50);
    assert.equal(end(70), 70);
  });

  it("shows shares of one with three decimals", () => {
    const rows = two.map((row) => ({ ...row, score: row.score / 100 }));
    assert.match(comparison(rows, words).alt, /0\.420 \(0\.400 to 0\.440/);
  });

  it("refuses what it cannot draw, and says where", () => {
    assert.throws(() => comparison([], words), {
      name: "RangeError",
      message: "comparison: expected rows, got none (scores)",
    });
    assert.throws(
      () => comparison([{ ...two[0], score: Number.NaN }], words),
      /expected scores in 0\.\.Infinity, got NaN \(baseline on held out, seed 0\)/,
    );
    assert.throws(
      () => comparison(two, { ...words, highest: 42 }),
      /expected scores in 0\.\.42, got 44/,
    );
    assert.throws(
      () => comparison([two[0], two[0]], words),
      /expected one score for each seed, got two/,
    );
    assert.throws(
      () => comparison([{ ...two[0], group: "long ".repeat(20) }], words),
      /expected names of designs and groups of up to 320 pixels, got \d+/,
    );
    assert.throws(
      () => comparison(two, { ...words, title: " " }),
      /expected a claim as title, got none/,
    );
    assert.throws(
      () => comparison(two, { ...words, name: "../scores" }),
      /expected a name of letters, digits/,
    );
  });
});
