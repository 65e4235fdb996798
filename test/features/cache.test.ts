import assert from "node:assert/strict";
import { readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, it } from "node:test";
import {
  type FeatureCache,
  type FeatureCacheOptions,
  openFeatureCache,
} from "../../lib/features/cache.ts";
import { featuresNamed, inFolder, keyOf } from "./support.ts";

const names = ["a", "b", "c", "d", "e"];

const opened: FeatureCache[] = [];

/** A cache whose reports are kept; closed after the test. */
async function open(
  folder: string,
  options: Partial<FeatureCacheOptions> = {},
) {
  const lines: string[] = [];
  const report = (line: string) => void lines.push(line);
  const cache = await openFeatureCache(folder, {
    precision: "float16",
    engine: "test 1.0",
    report,
    ...options,
  });
  opened.push(cache);
  return { cache, lines };
}

/** Writes the features of `names`, closes, and returns the data's file. */
async function fill(folder: string): Promise<string> {
  const { cache } = await open(folder);
  for (const name of names) await cache.write(keyOf(name), featuresNamed(name));
  await cache.close();
  const file = await fileOf(folder, ".features");
  return file;
}

async function fileOf(folder: string, suffix: string): Promise<string> {
  const found = (await readdir(folder)).filter((name) => name.endsWith(suffix));
  assert.equal(found.length, 1);
  return join(folder, found[0]);
}

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at] ^= 0x10;
  await writeFile(path, bytes);
}

describe("a feature cache", () => {
  afterEach(() => Promise.all(opened.splice(0).map((cache) => cache.close())));

  for (const precision of ["float16", "float32"] as const) {
    it(`gives back in ${precision} what was written, to another reader`, () =>
      inFolder(async (folder) => {
        const { cache: writer } = await open(folder, { precision });
        const { cache: reader } = await open(folder, { precision });
        assert.equal(await reader.has(keyOf("a")), false);
        await writer.write(keyOf("a"), featuresNamed("a"));
        assert.equal(await reader.has(keyOf("a")), true);
        assert.deepEqual(await reader.read(keyOf("a")), featuresNamed("a"));
        assert.equal(await reader.read(keyOf("b")), undefined);
        await writer.close();
      }));
  }

  it("keeps float32 to the bit and rounds to float16 when it writes", () =>
    inFolder(async (folder) => {
      const features = Float32Array.of(0.1, -1 / 3, 1e-7);
      for (const precision of ["float16", "float32"] as const) {
        const { cache } = await open(folder, { precision });
        const written = await cache.write(keyOf("a"), features);
        assert.deepEqual(await cache.read(keyOf("a")), written);
        await cache.close();
      }
      const { cache } = await open(folder, { precision: "float32" });
      assert.deepEqual(await cache.read(keyOf("a")), features);
      const { cache: half } = await open(folder);
      // numpy: float32(float16([0.1, -1/3, 1e-7]))
      const rounded = Float32Array.of(0.099975586, -0.33325195, 1.1920929e-7);
      assert.deepEqual(await half.read(keyOf("a")), rounded);
    }));

  it("writes a view's part only, and leaves it as it was", () =>
    inFolder(async (folder) => {
      const all = featuresNamed("a");
      for (const precision of ["float16", "float32"] as const) {
        const { cache } = await open(folder, { precision });
        await cache.write(keyOf("a"), all.subarray(10, 20));
        assert.deepEqual(await cache.read(keyOf("a")), all.slice(10, 20));
        await cache.close();
      }
      assert.deepEqual(all, featuresNamed("a"));
    }));

  it("keeps its shards within bounds, and finds what is in all of them", () =>
    inFolder(async (folder) => {
      const { cache } = await open(folder, { shardBytes: 5000 });
      // Without waiting: calls at once take their turn.
      await Promise.all(
        names.map((name) => cache.write(keyOf(name), featuresNamed(name))),
      );
      await cache.close();
      const files = (await readdir(folder)).sort();
      const data = files.filter((name) => name.endsWith(".features"));
      const sizes = await Promise.all(
        data.map(async (name) => (await stat(join(folder, name))).size),
      );
      assert.deepEqual(sizes.sort(), [2000, 4000, 4000]);
      assert.equal(files.length, 2 * data.length, "an index each, no rest");
      const { cache: again } = await open(folder);
      for (const name of names) {
        assert.deepEqual(await again.read(keyOf(name)), featuresNamed(name));
      }
      assert.equal(await again.count(keyOf("any")), names.length);
    }));

  it("holds more entries than one index does", () =>
    inFolder(async (folder) => {
      const { cache } = await open(folder);
      const many = Array.from({ length: 1100 }, (_, i) => `${i}`);
      for (const name of many) {
        await cache.write(keyOf(name), Float32Array.of(Number(name)));
      }
      await cache.close();
      const { cache: again } = await open(folder);
      assert.equal((await again.verify()).nEntries, 1100);
      for (const name of ["0", "1023", "1024", "1099"]) {
        const features = await again.read(keyOf(name));
        assert.deepEqual(features, Float32Array.of(Number(name)));
      }
    }));

  it("reports a damaged entry, never returns it, and takes a new one", () =>
    inFolder(async (folder) => {
      const data = await fill(folder);
      await flip(data, 2 * 2000 + 999); // within c
      const { cache, lines } = await open(folder);
      assert.equal(await cache.read(keyOf("c")), undefined);
      assert.equal(await cache.has(keyOf("c")), false);
      assert.equal(lines.length, 1);
      assert.match(
        lines[0],
        /^read: expected 2000 bytes of checksum \d+ at 4000, got bytes of/,
      );
      assert.deepEqual(await cache.read(keyOf("b")), featuresNamed("b"));
      await cache.write(keyOf("c"), featuresNamed("c"));
      assert.deepEqual(await cache.read(keyOf("c")), featuresNamed("c"));
      await cache.close();
      // The next process takes the new copy and does not meet the old one.
      const { cache: later, lines: none } = await open(folder);
      assert.deepEqual(await later.read(keyOf("c")), featuresNamed("c"));
      assert.deepEqual(none, []);
      const { damaged, nEntries } = await later.verify();
      assert.deepEqual([nEntries, damaged.length], [5, 1]);
    }));

  it("finds any damaged byte, and none that is not", () =>
    inFolder(async (folder) => {
      const data = await fill(folder);
      for (const [at, name] of [
        [0, "a"],
        [1999, "a"],
        [2000, "b"],
        [9999, "e"],
      ] as const) {
        await flip(data, at);
        const { cache } = await open(folder);
        for (const one of names) {
          const wanted = one === name ? undefined : featuresNamed(one);
          assert.deepEqual(await cache.read(keyOf(one)), wanted);
        }
        await flip(data, at);
      }
    }));

  it("takes a good copy where one of two is damaged", () =>
    inFolder(async (folder) => {
      const { cache: first } = await open(folder);
      const { cache: second } = await open(folder);
      await first.write(keyOf("a"), featuresNamed("a"));
      await first.close();
      const data = await fileOf(folder, ".features");
      await second.write(keyOf("a"), featuresNamed("a"));
      await second.close();
      await truncate(data, 100);
      const { cache } = await open(folder);
      assert.equal((await cache.verify()).damaged.length, 1);
      assert.deepEqual(await cache.read(keyOf("a")), featuresNamed("a"));
      assert.equal(await cache.count(keyOf("a")), 1);
    }));

  it("takes a lost or shortened shard for damaged", () =>
    inFolder(async (folder) => {
      const data = await fill(folder);
      await truncate(data, 3000);
      const { cache, lines } = await open(folder);
      assert.deepEqual(await cache.read(keyOf("a")), featuresNamed("a"));
      assert.equal(await cache.read(keyOf("b")), undefined);
      assert.match(lines[0], /got the end after 1000 bytes/);
    }));

  it("reports a damaged index once, whatever byte it is", () =>
    inFolder(async (folder) => {
      await fill(folder);
      const index = await fileOf(folder, ".index");
      const { size } = await stat(index);
      for (const at of [0, 8, 12, 16, 20, 100, size - 1]) {
        await flip(index, at);
        const { cache, lines } = await open(folder);
        for (const name of names) {
          assert.equal(await cache.read(keyOf(name)), undefined);
        }
        assert.equal(lines.length, 1, `byte ${at}`);
        assert.match(lines[0], /^openFeatureCache: .*index is damaged/);
        await flip(index, at);
      }
      await truncate(index, 5);
      const { lines } = await open(folder);
      assert.match(lines[0], /got "PALFE"/);
    }));

  it("counts bytes without an index row as nobody's", () =>
    inFolder(async (folder) => {
      const data = await fill(folder);
      // What a writer leaves that dies within an entry.
      await writeFile(data, Buffer.alloc(700), { flag: "a" });
      const { cache, lines } = await open(folder);
      const found = await cache.verify();
      const engines = new Map([["test 1.0", 5]]);
      const whole = { nEntries: 5, nBytes: 10_000, engines, damaged: [] };
      assert.deepEqual(found, { ...whole, unnamedBytes: 700 });
      assert.deepEqual(lines, []);
    }));

  it("finds an entry whatever engine made it, and tells which did", () =>
    inFolder(async (folder) => {
      for (const [i, name] of names.entries()) {
        const engine = i < 2 ? "tensorflow 2.21" : "wasm 4.22 \u00b5";
        const { cache } = await open(folder, { engine });
        await cache.write(keyOf(name), featuresNamed(name));
        await cache.close();
      }
      const { cache } = await open(folder, { engine: "another" });
      assert.deepEqual(await cache.read(keyOf("a")), featuresNamed("a"));
      const { engines } = await cache.verify();
      const expected = [
        ["tensorflow 2.21", 2],
        ["wasm 4.22 \u00b5", 3],
      ];
      assert.deepEqual([...engines].sort(), expected);
    }));

  it("refuses what it can not keep, and goes on", () =>
    inFolder(async (folder) => {
      const { cache } = await open(folder, { shardBytes: 100 });
      await assert.rejects(cache.write(keyOf("a"), featuresNamed("a")), {
        name: "RangeError",
        message:
          "write: expected features of 1 to 100 bytes, got 2000; " +
          "shardBytes sets the most",
      });
      await assert.rejects(cache.write(keyOf("a"), Float32Array.of()), {
        message: /got 0;/,
      });
      await assert.rejects(cache.write(keyOf("a"), Float32Array.of(1e6)), {
        message: /keep these features in float32$/,
      });
      await cache.write(keyOf("a"), Float32Array.of(2));
      assert.deepEqual(await cache.read(keyOf("a")), Float32Array.of(2));
      await cache.close();
      await assert.rejects(cache.write(keyOf("b"), Float32Array.of(2)), {
        message: "write: expected an open cache, got a closed one",
      });
    }));

  it("refuses options that make no sense", () =>
    inFolder(async (folder) => {
      await assert.rejects(open(folder, { precision: "float8" as "float16" }), {
        message:
          'openFeatureCache: unknown precision "float8"; ' +
          "known: float16, float32",
      });
      await assert.rejects(open(folder, { shardBytes: 2 ** 32 }), {
        message: /^openFeatureCache: expected shards of 1 to 4294967295 bytes/,
      });
    }));
});
