import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { neighbors } from "../../lib/figure/neighbors.ts";

const words = { name: "near", title: "A claim", of: "Piano" };
const rows = [
  { space: "one", label: "Piano", isSame: true, cosine: 0.9 },
  { space: "one", label: "Organ", isSame: false, cosine: 0.5 },
  { space: "other", label: "Flute", isSame: false, cosine: 0.7 },
];

interface Dots {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

describe("neighbors", () => {
  it("draws the same sounds and the others as two kinds of dot", () => {
    const [same, others] = neighbors(rows, words).data as unknown as Dots[];
    assert.deepEqual(same.x, [0.9]);
    assert.deepEqual(others.x, [0.5, 0.7]);
  });

  it("keeps the order of the rows, from top to bottom", () => {
    const [same, others] = neighbors(rows, words).data as unknown as Dots[];
    const places = [...same.y, ...others.y];
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
  });

  it("says in words what it shows", () => {
    assert.equal(
      neighbors(rows, words).alt,
      "Nearest clips to Piano, with their cosine. " +
        "one: Piano (0.900), Organ (0.500); other: Flute (0.700).",
    );
  });

  it("refuses no rows and what is no cosine", () => {
    assert.throws(() => neighbors([], words), /expected rows, got none \(near/);
    assert.throws(
      () => neighbors([{ ...rows[0], cosine: 1.5 }], words),
      /expected cosines from -1 to 1, got 1.5 \(Piano in one\)/,
    );
  });
});
