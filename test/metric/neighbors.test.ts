import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  cosine,
  labelSharing,
  meanRow,
  neighborsOf,
} from "../../lib/metric/neighbors.ts";

describe("meanRow", () => {
  it("averages rows that stand one after another", () => {
    assert.deepEqual([...meanRow([1, 10, 3, 30], 2)], [2, 20]);
  });

  it("refuses rows that are not whole", () => {
    assert.throws(() => meanRow([1, 2, 3], 2), {
      name: "RangeError",
      message: "meanRow: expected whole rows of 2 numbers, got 3 numbers",
    });
    assert.throws(() => meanRow([], 2), /got 0 numbers/);
  });
});

describe("cosine", () => {
  it("is 1 along, 0 across and -1 against, at any length", () => {
    assert.equal(cosine([1, 0], [5, 0]), 1);
    assert.equal(cosine([1, 0], [0, 2]), 0);
    assert.equal(cosine([1, 0], [-3, 0]), -1);
    // 3-4-5 triangle.
    assert.ok(Math.abs(cosine([1, 0], [3, 4]) - 0.6) < 1e-12);
  });

  it("refuses vectors without a direction or of two lengths", () => {
    assert.throws(() => cosine([0, 0], [1, 0]), /with a direction, got 0/);
    assert.throws(() => cosine([1], [1, 0]), /of one length, got 1 and 2/);
  });
});

/** Two pairs that point the same way, and labels that cut across them. */
const vectors = [
  [1, 0],
  [1, 0.1],
  [0, 1],
  [0.2, 1],
];

describe("neighborsOf", () => {
  it("sorts the others by cosine and leaves out the asked one", () => {
    const found = neighborsOf(0, vectors).map(({ index }) => index);
    assert.deepEqual(found, [1, 3, 2]);
  });

  it("refuses one that is not there", () => {
    assert.throws(() => neighborsOf(4, vectors), /one of 4 vectors, got 4/);
  });
});

describe("labelSharing", () => {
  it("counts nearest neighbors with the same label, beside chance", () => {
    assert.deepEqual(labelSharing(vectors, ["a", "a", "b", "b"]), {
      shared: 4,
      of: 4,
      chance: 4 / 3,
    });
    assert.equal(labelSharing(vectors, ["a", "b", "a", "b"]).shared, 0);
  });

  it("expects all by chance where all labels are the same", () => {
    const { chance, of } = labelSharing(vectors, ["a", "a", "a", "a"]);
    assert.equal(chance, of);
  });

  it("refuses labels that do not fit", () => {
    assert.throws(
      () => labelSharing(vectors, ["a"]),
      /a label for each of two or more vectors, got 1 for 4/,
    );
  });
});
