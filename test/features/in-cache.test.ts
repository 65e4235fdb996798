import assert from "node:assert/strict";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { BatchEncoder } from "../../lib/features/batch.ts";
import {
  type FeatureCache,
  openFeatureCache,
} from "../../lib/features/cache.ts";
import { featuresOfFiles } from "../../lib/features/features.ts";
import {
  type CachedEncoder,
  featuresInCache,
} from "../../lib/features/in-cache.ts";
import { type Ahead, openBatches } from "../../lib/train/ahead/batches.ts";
import { tone } from "../audio/fixture.ts";
import { makeWav } from "../audio/make-wav.ts";
import { folderOf, temporary, tinyFiles } from "../llm/tokenizer-support.ts";
import { temporaryFolder } from "../temporary.ts";
import { folderIngredients, openFolders } from "../train/ingredients.ts";
import { sha256 } from "./support.ts";

const folder = temporaryFolder();
after(() => rmSync(temporary, { recursive: true, force: true }));

const paths = [200, 300, 400, 500, 600].map((hz) => {
  const path = join(folder, `${hz}.wav`);
  writeFileSync(path, makeWav(tone(hz, 16_000, 16_000)));
  return path;
});

/** Takes so many samples of a clip as they are. */
const encoderOf = (width: number): BatchEncoder => ({
  name: `of ${width}`,
  grid: {
    axes: ["time", "frequency"],
    steps: 4,
    bands: 1,
    seconds: [],
    hertz: [],
  },
  width,
  sampleRate: 16_000,
  encodeAll: (clips) =>
    clips.map((samples) => samples.slice(100, 100 + 4 * width)),
});

describe("featuresInCache", () => {
  let cache: FeatureCache;
  const two = [encoderOf(5), encoderOf(3)];
  const cached: CachedEncoder[] = two.map(({ grid, name, width }) => {
    const { bands, steps } = grid;
    const identity = { weights: sha256(name), settings: { name } };
    return { name, grid: { steps, bands }, width, identity };
  });
  let computed: readonly Float32Array[] = [];
  before(async () => {
    cache = await openFeatureCache(join(folder, "cache"), {
      precision: "float16",
      engine: "test",
      report: (line) => assert.fail(line),
    });
    computed = await featuresOfFiles(
      two.map((encoder, e) => {
        const store = { cache, identity: cached[e].identity };
        return { encoder, options: { store } };
      }),
    ).read(paths);
  });
  after(() => cache.close());

  it("reads what encoders have stored, without them", async () => {
    const features = featuresInCache(cache, cached);
    assert.deepEqual(await features.read(paths), computed);
    const [five] = await features.read([paths[2], paths[0]]);
    assert.deepEqual(five.subarray(20), computed[0].subarray(0, 20));
    assert.deepEqual(features.encoders[1], {
      name: "of 3",
      grid: { steps: 4, bands: 1 },
      width: 3,
    });
  });

  it("refuses a file whose features are not there, or not of this size", async () => {
    const path = join(folder, "new.wav");
    writeFileSync(path, makeWav(tone(700, 16_000, 16_000)));
    await assert.rejects(featuresInCache(cache, cached).read([path]), {
      message:
        `read: expected 20 numbers of ${path} in ${cache.folder}, got none ` +
        "(encoder of 5); compute them first",
    });
    const wider = cached.map((one) => ({ ...one, width: 6 }));
    await assert.rejects(featuresInCache(cache, wider).read(paths), {
      message: /expected 24 numbers of .*, got 20 \(encoder of 5\)/,
    });
  });

  it("is opened by threads, a chat tokenizer with it: the same bytes", async () => {
    const given = {
      ...{ paths, encoders: cached },
      cache: cache.folder,
      tokenizer: folderOf(tinyFiles()),
    };
    const opened = await openFolders(given);
    const all = async (ahead?: Ahead) => {
      const batches = openBatches({
        recipe: { ...opened, lengths: { text: 256, answer: 16 } },
        ...{ ahead, microBatchSize: 2, nMicroBatches: 1, steps: 9 },
      });
      const made = [];
      for (let step = 0; step < 9; step++) made.push(await batches.at(step, 0));
      await batches.close();
      return made;
    };
    const wanted = await all();
    const before = nThreads();
    const ingredients = folderIngredients(given);
    const got = await all({ workers: { n: 2, ingredients } });
    assert.deepEqual(got, wanted);
    // The templates' threads end with those that have started them.
    for (let i = 0; i < 200 && nThreads() > before; i++) await sleep(10);
    assert.ok(nThreads() <= before, `${nThreads()} threads, ${before} before`);
  });
});

/** Threads of this process, where the system tells. */
function nThreads(): number {
  if (process.platform !== "linux") return 0;
  return readdirSync("/proc/self/task").length;
}
