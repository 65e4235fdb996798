import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { curves } from "../../lib/figure/curves.ts";
import { designs, losses } from "./examples.ts";

const words = { name: "losses", title: "A claim", axis: "Loss (nats)" };

interface Line {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

describe("curves", () => {
  it("draws each run as measured and smoothed", () => {
    const { data } = curves(losses(50), words);
    assert.equal(data.length, 2 * 2 * designs.length);
    const [raw] = data as unknown as Line[];
    assert.equal(raw.x.length, 50);
    assert.equal(raw.y[0], Number(losses(50)[0].value.toPrecision(5)));
  });

  it("does not depend on the order of the rows", () => {
    const rows = losses(50).slice(0, 50);
    const mixed = rows.toSorted((a, b) => (a.step % 7) - (b.step % 7));
    assert.deepEqual(curves(mixed, words).data, curves(rows, words).data);
  });

  it("keeps long runs small", () => {
    const [raw] = curves(losses(5000), words).data as unknown as Line[];
    assert.ok(raw.x.length <= 240);
    assert.ok(Math.abs((raw.x.at(-1) ?? 0) - 4990) < 15);
  });

  it("keeps the names at the ends apart", () => {
    const { layout } = curves(losses(500), words);
    const [bottom, top] = layout.yaxis?.range ?? [];
    const pixels = (layout.annotations ?? [])
      .filter((label) => designs.includes(String(label.text)))
      .map((label) => (300 * (Number(label.y) - bottom)) / (top - bottom))
      .toSorted((a, b) => a - b);
    assert.equal(pixels.length, designs.length);
    for (const [i, y] of pixels.slice(1).entries()) {
      assert.ok(y - pixels[i] > 16, `${y} and ${pixels[i]}`);
    }
    assert.ok(pixels[0] >= 8);
  });

  it("draws a value to compare with, and leaves room for it", () => {
    const level = { name: "chance", value: 9 };
    const { alt, layout } = curves(losses(50), { ...words, level });
    assert.deepEqual(
      layout.shapes?.map(({ y0, y1 }) => [y0, y1]),
      [[9, 9]],
    );
    assert.ok((layout.yaxis?.range ?? [])[1] > 9);
    assert.match(alt, /; chance: 9\.00\.$/);
    assert.equal(curves(losses(50), words).layout.shapes, undefined);
  });

  it("refuses what it cannot draw, and says where", () => {
    assert.throws(() => curves([], words), /expected rows, got none/);
    assert.throws(
      () => curves([{ ...losses(1)[0], value: Number.NaN }], words),
      /got NaN at step 0 \(baseline, seed 0\)/,
    );
    assert.throws(
      () => curves(losses(2), { ...words, reach: -1 }),
      /expected reach in rows, 0 or more, got -1/,
    );
  });
});
