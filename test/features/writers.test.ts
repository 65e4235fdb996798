import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openFeatureCache } from "../../lib/features/cache.ts";
import { featuresNamed, inFolder, keyOf } from "./support.ts";

const script = join(import.meta.dirname, "child.ts");

function start(folder: string, names: readonly string[]) {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", script, folder, ...names],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = once(child, "close") as Promise<[number | null]>;
  return { child, ended, lines: createInterface(child.stdout) };
}

/** A cache that must find nothing to report. */
const openWhole = (folder: string) =>
  openFeatureCache(folder, {
    precision: "float32",
    engine: "reader",
    report: (line) => assert.fail(line),
  });

describe("several processes", () => {
  it("write the same and different entries at once, and lose none", () =>
    inFolder(async (folder) => {
      const shared = Array.from({ length: 60 }, (_, i) => `shared ${i}`);
      const writers = ["x", "y", "z"].map((writer) => {
        const own = Array.from({ length: 60 }, (_, i) => `${writer} ${i}`);
        return { own, ...start(folder, [...shared, ...own]) };
      });
      // Meanwhile a reader sees whole entries or none.
      const reader = await openWhole(folder);
      let isDone = false;
      const reading = (async () => {
        let seen = 0;
        while (!isDone) {
          const features = await reader.read(keyOf("shared 59"));
          if (features) {
            assert.deepEqual(features, featuresNamed("shared 59", 20_000));
            seen++;
          }
          await sleep(5);
        }
        return seen;
      })();
      for (const { ended } of writers) assert.deepEqual((await ended)[0], 0);
      isDone = true;
      assert.ok((await reading) > 0);
      await reader.close();

      const cache = await openWhole(folder);
      for (const name of [...shared, ...writers.flatMap(({ own }) => own)]) {
        const features = await cache.read(keyOf(name));
        assert.deepEqual(features, featuresNamed(name, 20_000));
      }
      assert.equal(await cache.count(keyOf("any")), 60 + 3 * 60);
      const { damaged, nEntries, unnamedBytes } = await cache.verify();
      assert.deepEqual(
        { damaged, nEntries, unnamedBytes },
        { damaged: [], nEntries: 3 * 120, unnamedBytes: 0 },
      );
      await cache.close();
    }));

  it("leave whole entries when they are killed at any moment", () =>
    inFolder(async (folder) => {
      const announced: string[] = [];
      const deaths = [0, 2, 4, 7, 11, 16].map(async (delay) => {
        const { child, ended, lines } = start(folder, []);
        lines.on("line", (name) => announced.push(name));
        await once(lines, "line");
        await sleep(40 + delay);
        child.kill("SIGKILL");
        await ended;
      });
      await Promise.all(deaths);

      const cache = await openWhole(folder);
      assert.ok(announced.length >= deaths.length);
      for (const name of announced) {
        const features = await cache.read(keyOf(name));
        assert.deepEqual(features, featuresNamed(name, 1_000_000));
      }
      const { damaged, nEntries, unnamedBytes } = await cache.verify();
      assert.deepEqual(damaged, []);
      // Killed between the publication and the line: one more each.
      assert.ok(nEntries >= announced.length);
      assert.ok(nEntries <= announced.length + deaths.length);
      assert.ok(unnamedBytes <= deaths.length * 4_000_000);
      // And the next one goes on beside what they left.
      await cache.write(keyOf("next"), featuresNamed("next"));
      assert.deepEqual(await cache.read(keyOf("next")), featuresNamed("next"));
      await cache.close();
    }));
});
