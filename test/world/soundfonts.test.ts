import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import {
  checkSplit,
  openSoundfonts,
  readSoundfontManifest,
} from "../../lib/world/soundfonts.ts";
import { soundfontSplit } from "../../lib/world/toy/comparison.ts";
import { allSoundfonts, manifestPath } from "../soundfonts.ts";

const manifest = readSoundfontManifest(manifestPath);
const [first] = manifest.soundfonts;

describe("the manifest of SoundFonts", () => {
  it("has the fields that its schema names, and no others", () => {
    const read = (name: string) =>
      JSON.parse(readFileSync(join(dirname(manifestPath), name), "utf8"));
    const schema = read("soundfonts.schema.json");
    const whole = read("soundfonts.json");
    const known = Object.keys(schema.properties);
    assert.ok(Object.keys(whole).every((field) => known.includes(field)));
    const { items } = schema.properties.soundfonts;
    for (const entry of whole.soundfonts) {
      assert.deepEqual(Object.keys(entry).sort(), items.required.toSorted());
      assert.match(entry.sha256, new RegExp(items.properties.sha256.pattern));
      assert.ok(entry.license.length > 0);
    }
  });

  it("describes the files that are installed", () => {
    const names = allSoundfonts().map((font) => font.name);
    assert.deepEqual(
      names,
      manifest.soundfonts.map((entry) => entry.name),
    );
    const require = createRequire(import.meta.url);
    const path = require.resolve(`${manifest.package.name}/package.json`);
    const { version } = JSON.parse(readFileSync(path, "utf8"));
    assert.equal(version, manifest.package.version);
    for (const { bytes, file } of manifest.soundfonts) {
      assert.equal(readFileSync(join(dirname(path), file)).length, bytes);
    }
  });

  it("is mutual about shared samples", () => {
    for (const { name, sharesSamplesWith } of manifest.soundfonts) {
      for (const other of sharesSamplesWith) {
        const entry = manifest.soundfonts.find((font) => font.name === other);
        assert.ok(entry?.sharesSamplesWith.includes(name));
      }
    }
  });

  it("allows the notebook's split", () => {
    assert.doesNotThrow(() => checkSplit(manifest, soundfontSplit));
  });

  it("refuses to test on the recordings of training", () => {
    const split = { trained: ["FluidR3Mono"], held: ["MuseScoreGeneralLite"] };
    assert.throws(() => checkSplit(manifest, split), {
      name: "RangeError",
      message:
        "checkSplit: expected MuseScoreGeneralLite to share no samples with " +
        "training, got FluidR3Mono; hold out a soundfont of other recordings",
    });
  });

  it("refuses a file with another hash", () => {
    const wrong = { ...first, sha256: "0".repeat(64) };
    assert.throws(
      () => openSoundfonts({ ...manifest, soundfonts: [wrong] }),
      /^Error: openSoundfont: expected sha256 0{64}, got .*install/,
    );
  });

  it("refuses a file that is not there", () => {
    assert.throws(
      () => readSoundfontManifest("no-such-manifest.json"),
      /expected a JSON file, got none at no-such-manifest.json/,
    );
  });
});
