import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { cacheOf, findRoot, foldersFor } from "../../lib/session/folders.ts";
import { interruptSignal } from "../../lib/session/interrupt.ts";
import { openMemory } from "../../lib/session/memory.ts";
import { readModules } from "../../lib/session/reach.ts";
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

describe("a session at smoke scale", () => {
  it("says below every table and figure that it means nothing", () => {
    const tsx = ["--import", import.meta.resolve("tsx")];
    const session = resolve(
      import.meta.dirname,
      "../../lib/session/session.ts",
    );
    const script = `
      const { startSession } = await import(${JSON.stringify(session)});
      const lab = await startSession("x");
      lab.table([{ right: 0 }], { name: "zeros", caption: "Answers right" });
      await lab.show({ name: "f", title: "F", alt: "", width: 8, height: 8,
        svg: '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>' });
      const watch = lab.watchRun({ design: "d", seed: 0, name: "l", title: "L" });
      watch.onStep({ step: 1, steps: 1, loss: 2 });
      await watch.end();
    `;
    const shownAt = (PAL_SCALE: string) =>
      spawnSync(
        process.execPath,
        [...tsx, "--input-type=module", "-e", script],
        {
          cwd: folder,
          encoding: "utf8",
          env: { ...process.env, PAL_ENGINE: "wasm", PAL_SCALE },
        },
      ).stdout;
    const shown = shownAt("smoke");
    assert.match(shown, /Answers right \(smoke scale, .* means nothing\)/);
    const line = /Of this figure: smoke scale, .* means nothing\./g;
    assert.equal(shown.match(line)?.length, 2); // Of what was watched too.
    assert.match(shown, /d, seed 0: 1 of 1 in/);
    assert.doesNotMatch(shownAt("quick"), /means nothing/);
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
  const open = (lines: string[] = []) =>
    openMemory(folder, { report: (line) => lines.push(line) });
  const value = { losses: [1.5, 0.25], weights: new Float32Array([1, -0, 3]) };

  it("gives back what it was told to keep, typed arrays too", () => {
    open().keep({ seed: 1 }, value);
    assert.deepEqual(open().recall({ seed: 1 })?.value, value);
  });

  it("forgets under another key", () => {
    open().keep({ seed: 1 }, value);
    assert.equal(open().recall({ seed: 2 }), undefined);
  });

  it("takes the numbers of a key's typed arrays into account", () => {
    const key = (last: number) => [
      "run",
      { features: Float32Array.of(1, last) },
    ];
    open().keep(key(2), value);
    assert.deepEqual(open().recall(key(2))?.value, value);
    assert.equal(open().recall(key(3)), undefined);
    const other = ["run", { features: Int32Array.of(1, 2) }];
    assert.equal(open().recall(other), undefined);
  });

  it("treats a damaged file as absent and says so", () => {
    open().keep({ seed: 1 }, value);
    const [file] = readdirSync(folder);
    const bytes = readFileSync(join(folder, file));
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(join(folder, file), bytes);
    const lines: string[] = [];
    assert.equal(open(lines).recall({ seed: 1 }), undefined);
    assert.match(lines[0], /is damaged; its stage is run again/);
  });

  it("treats a file cut short as absent", () => {
    open().keep({ seed: 1 }, value);
    const [file] = readdirSync(folder);
    writeFileSync(join(folder, file), "");
    assert.equal(open().recall({ seed: 1 }), undefined);
  });
});

describe("the modules that a stage reaches", () => {
  const write = (name: string, text: string) => {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  const hashOf = (text: string) => {
    const modules = readModules(folder);
    return modules.hashOf(modules.reachedBy(text));
  };
  const stage = "({ onStep }) => pal.train.teach(plan, { onStep })";

  beforeEach(() => {
    write(
      "train/teach.js",
      'import { adamw } from "./adamw.js";\nexport async function teach() { adamw(); }',
    );
    write("train/adamw.js", "export const adamw = () => 1;");
    write("figure/curves.js", "export function curves() {}");
    write("index.js", 'export * as train from "./train/teach.js";');
  });

  it("are those that its words name, and what they import", () => {
    assert.deepEqual(readModules(folder).reachedBy(stage), [
      join("train", "adamw.js"),
      join("train", "teach.js"),
    ]);
  });

  it("give another hash when one of them changes, and no other", () => {
    const before = hashOf(stage);
    write("figure/curves.js", "export function curves() { return 'red'; }");
    write("train/adamw.d.ts", "export const adamw: 1;");
    write("index.js", 'export * as figure from "./figure/curves.js";');
    assert.equal(hashOf(stage), before);
    write("train/adamw.js", "export const adamw = () => 2;");
    assert.notEqual(hashOf(stage), before);
  });

  it("are none for words that the library does not have", () => {
    assert.deepEqual(readModules(folder).reachedBy("() => mine(1)"), []);
  });

  it("of the library itself lead from training to its optimizer and no figure", () => {
    const lib = readModules(resolve(import.meta.dirname, "..", "..", "lib"));
    const reached = lib.reachedBy("() => pal.world.runDesign(plan, world)");
    for (const path of [
      "train/adamw.ts",
      "llm/llama.ts",
      "pal/run/fusion.ts",
    ]) {
      assert.ok(reached.includes(path), path);
    }
    const others = reached.filter((path) => /^(figure|display)\//.test(path));
    assert.deepEqual(others, []);
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
