import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { cacheOf, findRoot, foldersFor } from "../../lib/session/folders.ts";
import { interruptSignal } from "../../lib/session/interrupt.ts";
import { hashOfCode, openMemory } from "../../lib/session/memory.ts";
import { readSettings } from "../../lib/session/settings.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pal-lab-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("readSettings", () => {
  it("leaves everything to the lab where nothing is asked", () => {
    const settings = {
      engine: "auto",
      scale: undefined,
      fresh: false,
      portable: false,
    };
    assert.deepEqual(readSettings({}), settings);
    assert.deepEqual(readSettings({ PAL_ENGINE: "", PAL_SCALE: "" }), settings);
  });

  it("refuses an engine and a scale that it does not know", () => {
    assert.throws(() => readSettings({ PAL_ENGINE: "tensorflw" }), {
      name: "RangeError",
      message: /PAL_ENGINE to be one of auto, tensorflow.*got "tensorflw"/,
    });
    assert.throws(
      () => readSettings({ PAL_SCALE: "huge" }),
      /smoke, quick, full/,
    );
  });
});

describe("foldersFor", () => {
  it("keeps the figures of a small scale apart from the full", () => {
    writeFileSync(
      join(folder, "package.json"),
      '{"name": "pal-lab-repository"}',
    );
    const inner = join(folder, "notebooks", "drafts");
    mkdirSync(inner, { recursive: true });
    assert.equal(findRoot(inner), folder);
    assert.equal(foldersFor(inner, "full").figures, join(folder, "figures"));
    assert.equal(
      foldersFor(inner, "smoke").figures,
      join(folder, "figures", "smoke"),
    );
  });

  it("stays in its own folder outside of a checkout", () => {
    assert.equal(findRoot(folder), folder);
  });
});

describe("cacheOf", () => {
  it("keeps downloads outside the checkout", () => {
    assert.equal(cacheOf({ PAL_CACHE: "/data/pal" }), "/data/pal");
    assert.equal(cacheOf({ XDG_CACHE_HOME: "/c" }), join("/c", "pal-lab"));
    assert.match(cacheOf({}), /\.cache.pal-lab$/);
  });
});

describe("memory", () => {
  const open = (code: string, lines: string[] = []) =>
    openMemory(folder, { code, report: (line) => lines.push(line) });
  const value = { losses: [1.5, 0.25], weights: new Float32Array([1, -0, 3]) };

  it("gives back what it was told to keep, typed arrays too", () => {
    open("a").keep({ seed: 1 }, value);
    assert.deepEqual(open("a").recall({ seed: 1 })?.value, value);
  });

  it("forgets under another key or other code", () => {
    open("a").keep({ seed: 1 }, value);
    assert.equal(open("a").recall({ seed: 2 }), undefined);
    assert.equal(open("b").recall({ seed: 1 }), undefined);
  });

  it("treats a damaged file as absent and says so", () => {
    open("a").keep({ seed: 1 }, value);
    const [file] = readdirSync(folder);
    const bytes = readFileSync(join(folder, file));
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(join(folder, file), bytes);
    const lines: string[] = [];
    assert.equal(open("a", lines).recall({ seed: 1 }), undefined);
    assert.match(lines[0], /is damaged; its stage is run again/);
  });

  it("treats a file cut short as absent", () => {
    open("a").keep({ seed: 1 }, value);
    const [file] = readdirSync(folder);
    writeFileSync(join(folder, file), "");
    assert.equal(open("a").recall({ seed: 1 }), undefined);
  });
});

describe("hashOfCode", () => {
  it("changes with a source's text and not with its declarations", () => {
    writeFileSync(join(folder, "a.js"), "1");
    const before = hashOfCode(folder);
    writeFileSync(join(folder, "a.d.ts"), "declare const a: 1;");
    assert.equal(hashOfCode(folder), before);
    writeFileSync(join(folder, "a.js"), "2");
    assert.notEqual(hashOfCode(folder), before);
  });
});

describe("interruptSignal", () => {
  it("is aborted by SIGINT, and the next one is fresh", async () => {
    const signal = interruptSignal();
    assert.equal(signal.aborted, false);
    process.kill(process.pid, "SIGINT");
    for (let i = 0; i < 100 && !signal.aborted; i++) await wait(5);
    assert.equal(signal.aborted, true);
    assert.equal(interruptSignal().aborted, false);
  });
});
