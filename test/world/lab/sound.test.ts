import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { before, describe, it } from "node:test";
import { random } from "../../../lib/tensor/random.ts";
import {
  families,
  heardClasses,
  soundClasses,
  unheardClasses,
} from "../../../lib/world/lab/classes.ts";
import { openClips } from "../../../lib/world/lab/sound/open-clips.ts";
import { renderSet } from "../../../lib/world/lab/sound/render-set.ts";
import { clipSets, sceneOf } from "../../../lib/world/lab/sound/sets.ts";
import { synthesisers } from "../../../lib/world/lab/sound/synthesised.ts";
import { temporaryFolder } from "../../temporary.ts";

const soundfonts = resolve(
  import.meta.dirname,
  "../../../data-manifests/soundfonts.json",
);

describe("the lab's classes", () => {
  it("are 48 or more in 8 families or more, each heard and kept unheard", () => {
    assert.ok(soundClasses.length >= 48 && families.length >= 8);
    assert.equal(new Set(soundClasses.map(({ name }) => name)).size, 66);
    for (const family of families) {
      const own = ({ family: of }: { family: string }) => of === family;
      assert.ok(heardClasses.some(own) && unheardClasses.some(own), family);
    }
  });

  it("sound otherwise from the other make, and the same from the same", () => {
    for (const [name, synthesise] of Object.entries(synthesisers)) {
      const play = (make: "near" | "far") =>
        synthesise(
          {
            ...{ sampleRate: 16_000, nSamples: 16_000 },
            ...{ seconds: 0.8, pitch: 0.5 },
            chance: random("test", name),
          },
          make,
        );
      const near = play("near");
      assert.deepEqual(play("near"), near, name);
      assert.notDeepEqual(play("far"), near, name);
      assert.ok(near.every(Number.isFinite) && near.some((x) => x !== 0), name);
    }
  });
});

describe("the lab's scenes", () => {
  const scenes = (name: keyof typeof clipSets, n = 400) =>
    Array.from({ length: n }, (_, i) => sceneOf(clipSets[name], i, 1));

  it("hold one to three sounds that begin apart, within the clip", () => {
    for (const { events } of scenes("train")) {
      assert.ok(events.length >= 1 && events.length <= 3);
      for (const [i, { onset, seconds }] of events.entries()) {
        assert.ok(onset >= 0 && onset + seconds <= 2.56 + 1e-9);
        if (i > 0) assert.ok(onset - events[i - 1].onset > 0.35);
      }
    }
  });

  it("keep unheard classes and the third SoundFont out of training", () => {
    const heard = new Set(heardClasses.map(({ name }) => name));
    for (const name of ["train", "test"] as const) {
      for (const { events, source } of scenes(name)) {
        assert.ok(events.every(({ sound }) => heard.has(sound)));
        assert.notEqual(source.soundfont, "TimGM6mb");
        assert.equal(source.make, "near");
      }
    }
    for (const { source } of scenes("recordings")) {
      assert.deepEqual(source, { soundfont: "TimGM6mb", make: "far" });
    }
    for (const { events } of scenes("classes")) {
      assert.ok(events.every(({ sound }) => !heard.has(sound)));
    }
  });

  it("hold each class first as often as the others", () => {
    const n = 3 * heardClasses.length;
    const counts = new Map<string, number>();
    for (const { events } of scenes("train", n)) {
      for (const sound of new Set(events.map((event) => event.sound))) {
        counts.set(sound, (counts.get(sound) ?? 0) + 1);
      }
    }
    for (const { name } of heardClasses) assert.ok(counts.get(name)! >= 3);
  });
});

describe("renderSet", () => {
  const folder = temporaryFolder();
  const options = { folder, soundfonts, seed: 1, sampleRate: 8000 };
  const hash = (path: string) =>
    createHash("sha256").update(readFileSync(path)).digest("hex");
  const count = 150;
  let set: string;
  before(async () => {
    set = await renderSet("recordings", { ...options, count, nWorkers: 2 });
  });

  it("writes clips that are loud, finite and told of", () => {
    const clips = openClips(set);
    assert.equal(clips.truths.length, count);
    for (const i of [0, 99, 100, 149]) {
      const samples = clips.samples(i);
      assert.equal(samples.length, 20480);
      assert.equal(clips.truths[i].name, `recordings-${i}`);
      assert.ok(samples.some((x) => Math.abs(x) > 0.01));
      for (const { offset, onset } of clips.truths[i].events) {
        assert.ok(offset > onset && offset <= 2.56);
      }
    }
    assert.throws(() => clips.samples(150), /expected a clip from 0 to 149/);
  });

  it("gives the same bytes with one worker, and after being stopped", async () => {
    const other = temporaryFolder();
    const again = { ...options, folder: other, count, nWorkers: 1 };
    const stop = new AbortController();
    await assert.rejects(
      renderSet("recordings", {
        ...{ ...again, signal: stop.signal },
        onStep: (done) => done > 0 && stop.abort(new Error("enough")),
      }),
      /enough/,
    );
    const path = await renderSet("recordings", again);
    for (const name of [
      "clips-0000.wav",
      "clips-0001.wav",
      "clips-0001.jsonl",
    ]) {
      assert.equal(hash(join(path, name)), hash(join(set, name)));
    }
  });

  it("gives these bytes on every machine", () => {
    assert.equal(
      hash(join(set, "clips-0001.wav")).slice(0, 16),
      "29463d4a079ddccb",
    );
  });

  it("refuses a folder of other settings, and tells of a cut file", async () => {
    await assert.rejects(
      renderSet("recordings", { ...options, seed: 2, count }),
      /expected clips with seed 2, got 1 .*remove the folder/,
    );
    const sound = join(set, "clips-0001.wav");
    const whole = readFileSync(sound);
    truncateSync(sound, 60_000);
    const clips = openClips(set);
    assert.throws(() => clips.samples(149), /expected 40960 bytes .*again/);
    writeFileSync(sound, whole);
    assert.throws(() => openClips(folder), /expected the folder of a set/);
  });
});
