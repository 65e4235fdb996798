import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { random } from "../../lib/tensor/random.ts";

const draws = (count: number, draw: () => number) =>
  Array.from({ length: count }, draw);
const mean = (values: readonly number[]) =>
  values.reduce((sum, x) => sum + x, 0) / values.length;

describe("random", () => {
  it("gives the same numbers under the same name", () => {
    const [one, two] = [random("clips", 7), random("clips", 7)];
    assert.deepEqual(draws(20, one.normal), draws(20, two.normal));
  });

  it("gives other numbers under another name", () => {
    const [one, two] = [random("clips", 7), random("clips", 8)];
    assert.notDeepEqual(draws(5, one.uniform), draws(5, two.uniform));
  });

  it("starts streams of neighboring names independently", () => {
    const firsts: number[] = [];
    for (let i = 0; i < 4000; i++) firsts.push(random("clip", i).uniform());
    assert.ok(Math.abs(mean(firsts) - 0.5) < 0.02);
    // Mean product of neighbors, 1/4 where they have nothing in common.
    const products = firsts.slice(1).map((x, i) => x * firsts[i]);
    assert.ok(Math.abs(mean(products) - 0.25) < 0.02);
    // Every third name, as when classes take turns.
    const thirds = firsts.filter((_, i) => i % 3 === 0);
    assert.ok(Math.abs(mean(thirds) - 0.5) < 0.03);
  });

  it("draws normal numbers of mean 0 and variance 1", () => {
    const values = draws(20_000, random("normal").normal);
    assert.ok(Math.abs(mean(values)) < 0.03);
    assert.ok(Math.abs(mean(values.map((x) => x * x)) - 1) < 0.05);
  });

  it("draws whole numbers up to both ends", () => {
    const chance = random("ends");
    const seen = new Set(draws(200, () => chance.integer(3, 5)));
    assert.deepEqual([...seen].sort(), [3, 4, 5]);
  });

  it("shuffles into a permutation and leaves its argument alone", () => {
    const items = [1, 2, 3, 4, 5, 6, 7, 8];
    const shuffled = random("order").shuffle(items);
    assert.notDeepEqual(shuffled, items);
    assert.deepEqual([...shuffled].sort(), [1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("refuses an empty range", () => {
    assert.throws(() => random("x").integer(0, -1), {
      name: "RangeError",
      message: "integer: expected whole numbers low <= high, got 0 and -1",
    });
  });
});
