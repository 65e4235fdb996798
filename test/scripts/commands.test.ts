import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type Machine, newMachine } from "../setup/fake-machine.ts";

const root = resolve(import.meta.dirname, "..", "..");
const { scripts } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
) as { scripts: Record<string, string> };

/** Of each command: the script's file, and its first arguments. */
const commands = Object.entries(scripts).map(([name, line]) => {
  const [, file, rest] = /^node scripts\/(\S+)\s*(.*)$/.exec(line) ?? [];
  return { name, script: file, args: rest ? rest.split(" ") : [] };
});
/** It tells what is missing and changes nothing. */
const bare = ["doctor"];
/** These find their help only when their packages are there. */
const throughPackages = ["notebooks", "pal", "bench"];

describe("each npm script", () => {
  let machine: Machine;
  beforeEach(() => {
    machine = newMachine();
  });
  afterEach(() => machine.remove());

  for (const { args, name, script } of commands) {
    if (!bare.includes(name)) {
      it(`sets up what it needs on a fresh clone: ${name}`, async () => {
        // What the stand-ins do not have fails after that.
        const more = name === "lab" ? ["--setup-only"] : [];
        const env = { PAL_ENGINE: "wasm" };
        await machine.run({ script, args: [...args, ...more], env });
        const installs = machine.calls().filter((it) => /^npm ci/.test(it));
        assert.equal(installs.length, 2, "npm ci, here and for the kernel");
      });
    }
    if (throughPackages.includes(name)) continue;
    it(`helps, and does nothing else: ${name}`, async () => {
      const { code, text } = await machine.run({ script, args: ["--help"] });
      assert.equal(code, 0, text);
      assert.match(text, new RegExp(`^npm (run )?${name}\\b`));
      assert.deepEqual(machine.calls(), []);
    });
    it(`names its options for one it does not know: ${name}`, async () => {
      const { code, text } = await machine.run({ script, args: ["--hlp"] });
      assert.equal(code, 2, text);
      assert.match(text, new RegExp(`^${name}: unknown option --hlp `));
      assert.match(text, /\(did you mean --help\?\); known: .*--help/);
      assert.deepEqual(machine.calls(), []);
    });
  }

  it("names a home that cannot be written to, without a stack", async () => {
    const { code, text } = await machine.run({
      script: "kernel.mjs",
      env: {
        PAL_ENGINE: "wasm",
        npm_config_cache: join(machine.root, "npm"),
        HOME: join(machine.root, "package.json"),
      },
    });
    assert.equal(code, 1, text);
    assert.match(text, /expected .*package\.json.* writable, got ENOTDIR/);
    assert.match(text, /\nRemedy: check the path, and HOME/);
    assert.doesNotMatch(text, /^ {4}at /m);
  });

  it("ends quietly when its reader has enough", () => {
    const { status, stderr, stdout } = spawnSync(
      "sh",
      ["-c", '"$0" scripts/doctor.mjs | head -1', process.execPath],
      { cwd: root, encoding: "utf8" },
    );
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /^ {2}(?:ok|--) {2}Node/);
  });
});

describe("npm run bench", () => {
  it("tells its benches, and of each what it does, without doing it", () => {
    const bench = (...args: string[]) =>
      spawnSync(
        process.execPath,
        ["--import", "tsx", "bench/main.ts", ...args],
        {
          cwd: root,
          encoding: "utf8",
        },
      );
    const names = [...bench("--help").stdout.matchAll(/^ {2}(\S+)$/gm)];
    assert.ok(names.length > 5);
    const { stderr, stdout } = bench("step", "--help");
    assert.match(stdout + stderr, /^`npm run bench -- step/);
    assert.match(bench("stpe").stderr, /got "stpe" \(did you mean step\?\)/);
  });
});
