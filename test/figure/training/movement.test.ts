import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { movement } from "../../../lib/figure/training/movement.ts";

const words = { name: "moved", title: "A claim" };
const rows = [
  { part: "connector", stage: "stage 1", percent: 50 },
  { part: "llama", stage: "stage 1", percent: 0 },
  { part: "connector", stage: "stage 2", percent: 5 },
  { part: "llama", stage: "stage 2", percent: 0.5 },
];

interface Dots {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

describe("movement", () => {
  it("puts what did not move beside the decades, and all else in them", () => {
    const { data, layout } = movement(rows, words);
    const [one, two] = data as unknown as Dots[];
    assert.ok(Math.abs(one.x[0] - Math.log10(50)) < 1e-5);
    const lowest = Math.log10(0.5);
    assert.ok(Math.abs(two.x[1] - lowest) < 1e-5);
    assert.ok(one.x[1] < lowest - 0.2);
    const { range, ticktext, tickvals } = layout.xaxis ?? {};
    assert.equal(tickvals?.[0], one.x[1]);
    assert.equal(ticktext?.[0], "0");
    assert.ok(one.x[1] > (range?.[0] ?? 0));
  });

  it("keeps a part in one lane in all stages", () => {
    const [one, two] = movement(rows, words).data as unknown as Dots[];
    assert.deepEqual(one.y, two.y);
    assert.ok(one.y[0] < one.y[1]);
  });

  it("names few decades finely and many by their beginnings", () => {
    const ticks = (percent: number) =>
      movement([...rows, { ...rows[0], part: "other", percent }], words).layout
        .xaxis?.ticktext;
    assert.deepEqual(ticks(5), ["0", "0.5", "1", "2", "5", "10", "20", "50"]);
    assert.deepEqual(ticks(5e-4), ["0", "0.001", "0.01", "0.1", "1", "10"]);
  });

  it("says in words what it shows", () => {
    assert.equal(
      movement(rows, words).alt,
      "How far parts moved, in percent of their norm. " +
        "stage 1: exactly 0 in 1 of 2 parts (connector 50 %, llama 0); " +
        "stage 2: exactly 0 in 0 of 2 parts (connector 5 %, llama 0.5 %).",
    );
  });

  it("draws a model of which nothing moved", () => {
    const still = rows.map((row) => ({ ...row, percent: 0 }));
    const [one] = movement(still, words).data as unknown as Dots[];
    assert.equal(new Set(one.x).size, 1);
  });

  it("refuses what it cannot draw, and says where", () => {
    assert.throws(() => movement([], words), /expected rows, got none \(moved/);
    assert.throws(
      () => movement([{ ...rows[0], percent: -1 }], words),
      /expected percent of 0 or more, got -1 \(connector, stage 1\)/,
    );
    const many = [1, 2, 3, 4].map((n) => ({ ...rows[0], stage: `stage ${n}` }));
    assert.throws(
      () => movement(many, words),
      /expected up to 3 stages, got 4 \(moved\)/,
    );
  });
});
