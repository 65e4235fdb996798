import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import { campaign, type Fault } from "../../bench/fuzz/campaign.ts";
import { inputOf } from "../../bench/fuzz/inputs.ts";
import { kinds } from "../../bench/fuzz/kinds.ts";
import { run } from "../../bench/fuzz.ts";
import { kinds as deeds } from "./fuzz-kinds.ts";

const bench = resolve(import.meta.dirname, "..", "..", "bench", "fuzz");
const keepIn = mkdtempSync(join(tmpdir(), "pal-fuzz-"));
after(() => rmSync(keepIn, { recursive: true }));

describe("the campaign of damaged inputs", () => {
  it("tells which input crashed, hung or came out other, and goes on", async () => {
    const { faults, rows } = await campaign({
      file: join(import.meta.dirname, "fuzz-kinds.ts"),
      kinds: deeds,
      count: 30,
      seed: 5,
      limits: { patience: 4000, memory: 700 },
      keepIn,
    });
    const seeds = deeds[0].seeds();
    const ofSeeds = faults.filter(({ n }) => n < seeds.length);
    const seen = ofSeeds.map(({ detail, name, outcome }) => [
      name,
      outcome,
      detail.replace(/\s+/g, " "),
    ]);
    const told = [
      ["other", "SILENT DIFFERENCE", /^1 is 2$/],
      ["refuses", "SILENT DIFFERENCE", /^valid, but refused: read: expected a/],
      ["stumbles", "SILENT DIFFERENCE", /^valid, but refused: undefined is/],
      ["hangs", "HANG", /^no answer in 4000 ms/],
      ["aborts", "CRASH", /^ended by SIGABRT/],
      ["exits", "CRASH", /^ended by exit 3/],
      ["fails later", "CRASH", /^ended by exit 1: .*too late/],
      ["swallows", "CRASH", /^took \d+ MiB of 700/],
    ] as const;
    // Other systems do not tell how much memory another process has.
    const isTold = existsSync("/proc/self/statm");
    const wanted = isTold ? told : told.slice(0, -1);
    assert.equal(seen.length, wanted.length, JSON.stringify(seen));
    for (const [i, [name, outcome, detail]] of wanted.entries()) {
      assert.deepEqual(seen[i].slice(0, 2), [name, outcome]);
      assert.match(seen[i][2], detail);
    }
    const [row] = rows;
    assert.equal(row.accepted + row.refused + faults.length, 30);
    assert.ok(row.accepted >= 10 && row.refused > 0);
    checkKept(faults);
  });

  /** Damaged inputs: only what is no refusal of ours is a fault. */
  function checkKept(faults: readonly Fault[]): void {
    const damaged = faults.filter(({ n }) => n >= deeds[0].seeds().length);
    assert.ok(damaged.length > 0);
    for (const { detail, outcome, path } of damaged) {
      assert.deepEqual(
        [outcome, detail, readFileSync(path!, "utf8")],
        [
          "CRASH",
          "not a refusal of ours: undefined is not a function",
          "stumbles!",
        ],
      );
    }
  }

  it("makes the same inputs of the same seed, and others of another", () => {
    for (const kind of kinds) {
      const n = kind.seeds().length + 3;
      const { bytes } = inputOf(kind, { n, seed: 1 });
      assert.deepEqual(inputOf(kind, { n, seed: 1 }).bytes, bytes);
      const others = [2, 3, 4].map((seed) => inputOf(kind, { n, seed }).bytes);
      assert.ok(others.some((other) => Buffer.compare(other, bytes) !== 0));
    }
  });

  it("finds no fault in a short run, which reads and refuses", async (t) => {
    const { faults, rows } = await campaign({
      file: join(bench, "kinds.ts"),
      kinds,
      count: 20 * kinds.length,
      seed: 1,
    });
    assert.deepEqual(faults, []);
    for (const { accepted, kind, refused } of rows) {
      t.diagnostic(`${kind}: ${accepted} accepted, ${refused} refused`);
      assert.ok(accepted > 0 && refused > 0, kind);
    }
  });

  for (const [args, message] of [
    [["--count", "-1"], /ambiguous|--count as a whole number/],
    [["--seed", "x"], /^RangeError: fuzz: expected --seed as a whole number/],
    [["--kind", "gif"], /fuzz: expected a kind of safetensors, .*, got "gif"/],
  ] as const) {
    it(`refuses ${args.join(" ")}`, async () => {
      await assert.rejects(run(args), message);
    });
  }
});
