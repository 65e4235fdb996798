import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readPickle } from "../../../lib/checkpoint/torch/pickle.ts";
import { allowTorch } from "../../../lib/checkpoint/torch/rebuild.ts";
import { type Parts, pickle } from "./support.ts";

const ordered = "ccollections\nOrderedDict\n";
const get = (place: number) => pickle("h", place);
const times = (n: number, ...parts: Parts) =>
  Buffer.concat(new Array<Uint8Array>(n).fill(pickle(...parts)));

/** A list of `n` pairs with numbers of their own as keys, kept as memo 0. */
function bigList(n: number): Uint8Array {
  const pairs = Buffer.alloc(7 * n);
  for (let i = 0; i < n; i++) {
    pairs.write("J", 7 * i, "latin1");
    pairs.writeInt32LE(i, 7 * i + 1);
    pairs.write("N\x86", 7 * i + 5, "latin1");
  }
  return Buffer.concat([pickle("]q", 0, "("), pairs, pickle("e0")]);
}

/** A dict of these keys. */
function dictWith(keys: readonly number[]): Uint8Array {
  const entries = Buffer.alloc(6 * keys.length);
  for (const [i, key] of keys.entries()) {
    entries.write("J", 6 * i, "latin1");
    entries.writeInt32LE(key, 6 * i + 1);
    entries.write("N", 6 * i + 5, "latin1");
  }
  return Buffer.concat([pickle("}("), entries, pickle("u.")]);
}

const settings = "cargparse\nNamespace\n)R";

/** Programs that name again what is large; each is some megabytes at most. */
const programs: [string, () => Uint8Array, RegExp][] = [
  [
    "copies one list into 50,000 dicts",
    () =>
      Buffer.concat([
        bigList(100_000),
        pickle(ordered, "q", 1, "0"),
        times(50_000, "h", 1, "h", 0, 0x85, "R0"),
        pickle("N."),
      ]),
    /units of work|bytes of values/,
  ],
  [
    "keeps 50,000 copies of a list",
    () =>
      Buffer.concat([
        bigList(10_000),
        pickle(ordered, "q", 1, "0("),
        times(50_000, "h", 1, "h", 0, 0x85, "R"),
        pickle("t."),
      ]),
    /units of work|bytes of values/,
  ],
  [
    "builds settings from one dict 50,000 times",
    () =>
      Buffer.concat([
        dictWith(Array.from({ length: 10_000 }, (_, i) => i)).subarray(0, -1),
        pickle("q", 0, settings),
        Buffer.concat(new Array(50_000).fill(pickle("h", 0, "b"))),
        pickle("."),
      ]),
    /units of work|bytes of values/,
  ],
  [
    "makes a million dicts",
    () => Buffer.concat([pickle("("), times(1_200_000, "}"), pickle("t.")]),
    /bytes of values/,
  ],
  [
    // Chosen well, they all collide: 30,000 take a second and a half.
    "has more numbers for keys than may be looked up one by one",
    () => dictWith(Array.from({ length: 40_000 }, (_, i) => i)),
    /units of work/,
  ],
  [
    "takes a long list for a shape, again and again",
    () =>
      Buffer.concat([
        bigList(100_000),
        pickle("ctorch._utils\n_rebuild_tensor_v2\nq", 1, "0"),
        get(1),
        pickle("(", "N", "K", 0, "h", 0, "h", 0, "tR."),
      ]),
    /a tensor's storage, offset, shape and strides/,
  ],
  [
    "keeps values where no pickler would",
    () => pickle("Nr", 0, 0, 0, 1, "."),
    /expected memo 0 to 0, got 16777216/,
  ],
];

describe("a pickle that costs more than it weighs", () => {
  for (const [what, make, message] of programs) {
    it(`is refused if it ${what}`, () => {
      const bytes = make();
      assert.ok(bytes.length < 8_500_000, `${bytes.length} bytes`);
      const [start, heap] = [performance.now(), process.memoryUsage().rss];
      assert.throws(() => readPickle(bytes, allowTorch), { message });
      const seconds = (performance.now() - start) / 1000;
      const mebibytes = (process.memoryUsage().rss - heap) / 2 ** 20;
      assert.ok(seconds < 5, `took ${seconds.toFixed(1)} s`);
      assert.ok(mebibytes < 512, `took ${mebibytes.toFixed(0)} MiB`);
    });
  }

  it("is read if it holds as much as 30,000 tensors need", () => {
    const one = pickle(
      ...["ctorch._utils\n_rebuild_tensor_v2\n(("],
      ...[0x8c, 7, "storage", "ctorch\nFloatStorage\n", 0x8c, 1, "0"],
      ...[0x8c, 3, "cpu", "K", 9, "tQK", 0, "K", 9, 0x85, "K", 1, 0x85],
      ...[0x89, ordered, ")RtR"],
    );
    const entries = Array.from({ length: 30_000 }, (_, i) =>
      Buffer.concat([pickle(0x8c, 30, `${i}`.padStart(30, "layer.")), one]),
    );
    const bytes = Buffer.concat([pickle("}("), ...entries, pickle("u.")]);
    const found = readPickle(bytes, allowTorch);
    assert.equal((found as Map<string, unknown>).size, 30_000);
  });
});
