import assert from "node:assert/strict";
import type { FileHandle } from "node:fs/promises";
import { describe, it } from "node:test";
import { openFeatureCache } from "../../lib/features/cache.ts";
import { type Disk, systemDisk } from "../../lib/features/disk.ts";
import { idOf } from "../../lib/features/key.ts";
import { ShardWriter } from "../../lib/features/shard-writer.ts";
import { featuresNamed, inFolder, keyOf } from "./support.ts";

const names = ["a", "b", "c", "d", "e"];
const shardBytes = 10_000; // two entries each

class Crash extends Error {}

/** A disk whose process dies within a step: nothing, or half, of it is done. */
function brittle(fatal: number, half: boolean) {
  let nSteps = 0;
  const opened: FileHandle[] = [];
  /** Counts a step; in the fatal one, and in any later, the process is dead. */
  const lives = () => {
    if (nSteps > fatal) throw new Crash();
    return nSteps++ < fatal;
  };
  const halfOf = (bytes: Uint8Array) =>
    bytes.subarray(0, half ? bytes.length / 2 : 0);
  const disk: Disk = {
    create: async (path) => {
      if (!lives()) throw new Crash();
      const file = await systemDisk.create(path);
      opened.push(file);
      return file;
    },
    write: async (file, bytes, at) => {
      if (lives()) return systemDisk.write(file, bytes, at);
      await systemDisk.write(file, halfOf(bytes), at);
      throw new Crash();
    },
    flush: async (file) => {
      if (!lives()) throw new Crash();
      return systemDisk.flush(file);
    },
    put: (path, bytes, isFlushed) => {
      if (lives()) return systemDisk.put(path, bytes, isFlushed);
      if (half) systemDisk.put(path, halfOf(bytes), false);
      throw new Crash();
    },
    replace: (path, by) => {
      if (!lives()) throw new Crash();
      return systemDisk.replace(path, by);
    },
  };
  /** What the system does when a process has died. */
  const bury = () => Promise.all(opened.map((file) => file.close()));
  return { disk, bury, nSteps: () => nSteps };
}

/** Writes all names; returns those that were announced before the crash. */
async function writeUntilDeath(folder: string, disk: Disk): Promise<string[]> {
  const announced: string[] = [];
  const writer = new ShardWriter(folder, { disk, engine: "test", shardBytes });
  try {
    for (const name of names) {
      const bytes = new Uint8Array(featuresNamed(name).buffer);
      await writer.write({ id: idOf(keyOf(name), "float32"), bytes });
      announced.push(name);
    }
    await writer.close();
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
  }
  return announced;
}

const openWhole = (folder: string) =>
  openFeatureCache(folder, {
    precision: "float32",
    engine: "test",
    shardBytes,
    report: (line) => assert.fail(line),
  });

describe("a writer that dies", () => {
  it("leaves each entry whole or absent, whatever step was its last", () =>
    inFolder(async (whole) => {
      const { disk, nSteps } = brittle(Number.POSITIVE_INFINITY, false);
      assert.deepEqual(await writeUntilDeath(whole, disk), names);
      // Three shards begun and flushed, five entries of three steps, three
      // seals of two.
      assert.equal(nSteps(), 3 * 2 + 5 * 3 + 3 * 2);
      for (const half of [false, true]) {
        for (let fatal = 0; fatal < nSteps(); fatal++) {
          await inFolder((folder) => checkDeath(folder, fatal, half));
        }
      }
    }));
});

/** What a reader sees after a death, and what the next writer makes of it. */
async function checkDeath(
  folder: string,
  fatal: number,
  half: boolean,
): Promise<void> {
  const { bury, disk } = brittle(fatal, half);
  const announced = await writeUntilDeath(folder, disk);
  await bury();
  const where = `step ${fatal}${half ? ", half done" : ""}`;
  const reader = await openWhole(folder);
  const seen: string[] = [];
  for (const name of names) {
    const features = await reader.read(keyOf(name));
    if (features === undefined) continue;
    assert.deepEqual(features, featuresNamed(name), where);
    seen.push(name);
  }
  // What was announced is there, and of the rest one entry at most.
  assert.deepEqual(seen.slice(0, announced.length), announced, where);
  assert.ok(seen.length <= announced.length + 1, where);
  const { damaged, nEntries } = await reader.verify();
  assert.deepEqual([damaged, nEntries], [[], seen.length], where);
  // The next writer goes on beside what is left.
  for (const name of names) {
    if (seen.includes(name)) continue;
    await reader.write(keyOf(name), featuresNamed(name));
  }
  await reader.close();
  const again = await openWhole(folder);
  assert.equal((await again.verify()).nEntries, names.length, where);
  await again.close();
}
