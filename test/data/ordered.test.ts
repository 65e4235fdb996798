import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Example } from "../../lib/data/example.ts";
import { listSource } from "../../lib/data/list.ts";
import {
  lengthGroups,
  orderedSource,
  type Rows,
} from "../../lib/data/ordered.ts";
import { permutation } from "../../lib/data/permutation.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("permutation", () => {
  it("has every place once, whatever their number", () => {
    for (const n of [1, 2, 3, 4, 5, 15, 16, 17, 100, 1_000, 65_537]) {
      for (const seed of [1, 2]) {
        const found = range(n).map(permutation(n, seed));
        assert.equal(new Set(found).size, n, `${n}`);
        assert.ok(found.every((at) => at >= 0 && at < n));
      }
    }
  });

  it("puts every row everywhere equally often", () => {
    for (const n of [2, 3, 5, 7, 12]) {
      const [orders, counts] = [4_000, range(n * n).map(() => 0)];
      for (let seed = 0; seed < orders; seed++) {
        const order = permutation(n, seed);
        for (let at = 0; at < n; at++) counts[at * n + order(at)]++;
      }
      const wanted = orders / n;
      const chi = counts.reduce(
        (sum, c) => sum + (c - wanted) ** 2 / wanted,
        0,
      );
      const freedom = (n - 1) ** 2;
      // Five deviations above what chance gives.
      const limit = freedom + 5 * Math.sqrt(2 * freedom);
      assert.ok(chi < limit, `${n}: ${chi} of ${limit}`);
    }
  });

  it("keeps no two neighbours together more often than chance", () => {
    const n = 10_000;
    const order = range(n).map(permutation(n, "neighbours"));
    const near = order.filter((at, i) => Math.abs(at - order[i - 1]) < 10);
    // 18 in expectation.
    assert.ok(near.length < 45, `${near.length}`);
  });

  it("takes a place of the paper's largest set without a list", () => {
    const order = permutation(5_681_708, 1, 0);
    const start = performance.now();
    const found = range(20_000).map((i) => order(5_681_707 - 280 * i));
    assert.equal(new Set(found).size, 20_000);
    assert.ok(performance.now() - start < 2_000);
  });

  it("refuses no places, and a place outside", () => {
    assert.throws(() => permutation(0), {
      name: "RangeError",
      message: /^permutation: expected 1 to \d+ places, got 0$/,
    });
    assert.throws(() => permutation(3)(3), {
      name: "RangeError",
      message: "permutation: expected a place in 0..2, got 3",
    });
  });
});

const example = (row: number, length = 5): Example => ({
  id: `${row}`,
  audio: "sound",
  question: "",
  answer: "a".repeat(length),
  task: "name",
  set: "train",
});
const ids = (rows: readonly Example[]) => rows.map(({ id }) => Number(id));
const sorted = (rows: readonly number[]) => rows.toSorted((a, b) => a - b);

describe("orderedSource", () => {
  const n = 103;
  const lengthOf = (row: number) => (row * 37) % 50;
  const list = range(n).map((row) => example(row, lengthOf(row)));
  const bucketing = { window: 40, together: 4 };
  const ways = { chance: { seed: 3 }, "by length": { seed: 3, bucketing } };

  for (const [way, options] of Object.entries(ways)) {
    it(`gives every row once an epoch: ${way}`, async () => {
      const source = listSource(list, options);
      const epochs = [];
      for (const from of [0, n, 2 * n]) {
        epochs.push(ids(await source.take(from, n)));
      }
      for (const epoch of epochs) assert.deepEqual(sorted(epoch), range(n));
      assert.notDeepEqual(epochs[0], epochs[1]);
      assert.notDeepEqual(epochs[1], epochs[2]);
    });

    it(`is entered anywhere, in pieces of any size: ${way}`, async () => {
      const whole = ids(await listSource(list, options).take(0, 3 * n));
      const [source, pieces] = [listSource(list, options), [] as number[]];
      for (let from = 17; from < 3 * n; from += 13) {
        const count = Math.min(13, 3 * n - from);
        pieces.push(...ids(await source.take(from, count)));
      }
      assert.deepEqual(pieces, whole.slice(17));
      assert.deepEqual(ids(await source.take(5, 9)), whole.slice(5, 14));
    });
  }

  it("sorts by length within windows alone, groups by chance", async () => {
    const plain = ids(await listSource(list, { seed: 3 }).take(0, n));
    const source = listSource(list, { seed: 3, bucketing });
    const found = ids(await source.take(0, n));
    for (const from of [0, 40, 80]) {
      assert.deepEqual(
        sorted(found.slice(from, from + 40)),
        sorted(plain.slice(from, from + 40)),
      );
    }
    const spread = (rows: readonly number[]) => {
      const groups = range(10).map((g) => rows.slice(4 * g, 4 * g + 4));
      return groups.reduce((sum, group) => {
        const lengths = group.map(lengthOf);
        return sum + Math.max(...lengths) - Math.min(...lengths);
      }, 0);
    };
    assert.ok(spread(found) < 0.3 * spread(plain));
    const firsts = range(10).map((g) => lengthOf(found[4 * g]));
    assert.notDeepEqual(firsts, sorted(firsts).reverse());
  });

  it("asks for lengths of one window, and reads only what it gives", async () => {
    const asked: string[] = [];
    const rows: Rows = {
      length: 1_000_000,
      read: async (wanted) => {
        asked.push(`read ${wanted.length}`);
        return wanted.map((row) => example(row));
      },
      lengths: async (wanted) => {
        asked.push(`lengths ${wanted.length}`);
        return wanted.map(lengthOf);
      },
    };
    const options = { seed: 1, bucketing: lengthGroups(8) };
    const source = orderedSource(rows, options);
    await source.take(500_000, 8);
    await source.take(500_008, 8);
    assert.deepEqual(asked, ["lengths 400", "read 8", "read 8"]);
  });

  it("refuses no rows, and windows of broken groups", () => {
    const read = async () => [];
    assert.throws(() => orderedSource({ length: 0, read }, { seed: 1 }), {
      name: "RangeError",
      message: "orderedSource: expected rows, got 0",
    });
    const broken = { seed: 1, bucketing: { window: 10, together: 4 } };
    assert.throws(() => listSource(list, broken), {
      name: "RangeError",
      message:
        "orderedSource: expected windows of whole groups, got 10 rows in " +
        "groups of 4",
    });
  });
});
