import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { BatchEncoder } from "../../lib/features/batch.ts";
import { openFeatureCache } from "../../lib/features/cache.ts";
import { readClip } from "../../lib/features/clip-file.ts";
import {
  type Featured,
  failureLines,
  featuresOf,
  storeFeatures,
} from "../../lib/features/features-of.ts";
import { tone } from "../audio/fixture.ts";
import { makeWav } from "../audio/make-wav.ts";
import { inFolder, sha256 } from "./support.ts";

const rate = 16_000;
const identity = { weights: sha256("weights"), settings: { name: "fake" } };

/** Six numbers of a clip; refuses loud ones, as an encoder might. */
function fakeEncoder() {
  const batches: number[] = [];
  const encoder: BatchEncoder = {
    name: "fake",
    grid: {
      axes: ["time", "frequency"],
      steps: 3,
      bands: 1,
      seconds: [],
      hertz: [],
    },
    width: 2,
    sampleRate: rate,
    encodeAll: (clips) => {
      batches.push(clips.length);
      return clips.map((samples) => {
        const peak = samples.reduce((most, x) => Math.max(most, x), 0);
        if (peak > 0.9) throw new RangeError("encodeAll: expected less noise");
        return Float32Array.from({ length: 6 }, (_, i) => samples[i + 1]);
      });
    },
  };
  return { batches, encoder };
}

/** Seven files: tones, a copy, a loud one, no sound, and one that is missing. */
async function makeFiles(folder: string): Promise<string[]> {
  const loud = tone(500, rate, rate).map((x) => 1.9 * x);
  const files = {
    "a.wav": makeWav(tone(100, rate, rate)),
    "b.wav": makeWav(tone(200, rate, rate)),
    "text.wav": "no sound",
    "a-copy.wav": makeWav(tone(100, rate, rate)),
    "loud.wav": makeWav(loud),
    "c.wav": makeWav(tone(300, rate, rate)),
  };
  for (const [name, bytes] of Object.entries(files)) {
    await writeFile(join(folder, name), bytes);
  }
  return [...Object.keys(files), "missing.wav"].map((name) =>
    join(folder, name),
  );
}

const openIn = (folder: string) =>
  openFeatureCache(join(folder, "cache"), {
    precision: "float16",
    engine: "test",
    report: (line) => assert.fail(line),
  });

async function all(run: AsyncIterable<Featured>): Promise<Featured[]> {
  const found: Featured[] = [];
  for await (const one of run) found.push(one);
  return found;
}

describe("featuresOf", () => {
  it("computes once, then reads the same numbers", () =>
    inFolder(async (folder) => {
      const paths = await makeFiles(folder);
      const { batches, encoder } = fakeEncoder();
      const cache = await openIn(folder);
      const options = { store: { cache, identity }, batch: 7 };
      const first = await all(featuresOf(paths, encoder, options));
      assert.deepEqual(
        first.map(({ path }) => path),
        paths,
      );
      // One of the two a's; the loud one spoils the batch, so each alone.
      assert.deepEqual(batches, [4, 1, 1, 1, 1]);
      assert.deepEqual(first[3].features, first[0].features);
      assert.notDeepEqual(first[1].features, first[0].features);

      const again = await all(featuresOf(paths, encoder, options));
      assert.deepEqual(batches.slice(5), [1], "the loud one is tried again");
      assert.deepEqual(
        again.map(({ features }) => features),
        first.map(({ features }) => features),
      );
      await cache.close();
    }));

  it("goes on without bad files and names them at the end", () =>
    inFolder(async (folder) => {
      const paths = await makeFiles(folder);
      const cache = await openIn(folder);
      const steps: number[] = [];
      const summary = await storeFeatures(paths, fakeEncoder().encoder, {
        store: { cache, identity },
        batch: 3,
        onStep: ({ nComputed }) => steps.push(nComputed),
      });
      assert.deepEqual(
        [summary.nClips, summary.nRead, summary.nComputed],
        [7, 1, 3], // the copy of a is in a later batch
      );
      assert.deepEqual(steps, [2, 3, 3]);
      const lines = failureLines(summary).split("\n");
      assert.equal(lines[0], "3 of 7 files have no features");
      assert.match(lines[1], /text\.wav: decodeAudio: /);
      assert.match(lines[2], /loud\.wav: encodeAll: expected less noise/);
      assert.match(lines[3], /missing\.wav: readClip: expected a file that/);
      await cache.close();
    }));

  it("goes on where an earlier run was stopped", () =>
    inFolder(async (folder) => {
      const paths = (await makeFiles(folder)).filter((path) =>
        /[abc]\.wav$/.test(path),
      );
      const stop = new AbortController();
      const first = await openIn(folder);
      const stopped = storeFeatures(paths, fakeEncoder().encoder, {
        store: { cache: first, identity },
        batch: 1,
        signal: stop.signal,
        onStep: ({ nComputed }) => nComputed === 2 && stop.abort(),
      });
      await assert.rejects(stopped, { name: "AbortError" });
      const cache = await openIn(folder); // the first was never closed
      const summary = await storeFeatures(paths, fakeEncoder().encoder, {
        store: { cache, identity },
      });
      assert.deepEqual([summary.nRead, summary.nComputed], [2, 1]);
      await Promise.all([first.close(), cache.close()]);
    }));

  it("stores nothing if told so, and rounds nothing", () =>
    inFolder(async (folder) => {
      const [path] = await makeFiles(folder);
      const { batches, encoder } = fakeEncoder();
      const options = { store: "none" } as const;
      const [once] = await all(featuresOf([path], encoder, options));
      await all(featuresOf([path], encoder, options));
      assert.deepEqual(batches, [1, 1]);
      const { bytes } = await readClip(path);
      const pcm = new Int16Array(bytes.slice(44, 60).buffer);
      const exact = Float32Array.from(pcm.slice(1, 7), (x) => x / 2 ** 15);
      assert.deepEqual(once.features, exact);
    }));

  it("refuses before it starts what can not fit on the disk", () =>
    inFolder(async (folder) => {
      const paths = await makeFiles(folder);
      const { batches, encoder } = fakeEncoder();
      const cache = await openIn(folder);
      const huge = { ...encoder, width: 1e15 };
      await assert.rejects(
        storeFeatures(paths, huge, { store: { cache, identity } }),
        {
          message:
            /^featuresOf: expected room for the features, got too little: .*store "none"/,
        },
      );
      assert.deepEqual(batches, []);
    }));

  it("takes features of another size for the encoder's fault", () =>
    inFolder(async (folder) => {
      const [path] = await makeFiles(folder);
      const { encoder } = fakeEncoder();
      const wide = { ...encoder, width: 3 };
      const [{ error }] = await all(
        featuresOf([path], wide, { store: "none" }),
      );
      assert.equal(
        error?.message,
        "encodeAll: expected 9 numbers of fake, got 6",
      );
    }));
});

describe("readClip", () => {
  it("hashes every byte, and keeps what is decoded", () =>
    inFolder(async (folder) => {
      const path = join(folder, "abc");
      await writeFile(path, "abc");
      // FIPS 180-2, appendix B.1
      const hash =
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
      assert.equal((await readClip(path)).audio, hash);
      const part = await readClip(path, { limits: { maxBytes: 2 } });
      assert.equal(part.audio, hash);
      assert.deepEqual([...part.bytes], [...Buffer.from("ab")]);
      assert.equal(part.fileLength, 3);
    }));

  it("refuses a folder", () =>
    inFolder(async (folder) => {
      await assert.rejects(readClip(folder), {
        name: "TypeError",
        message: /^readClip: expected a file, got a folder or device/,
      });
    }));
});
