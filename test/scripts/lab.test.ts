import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { type Machine, newMachine } from "../setup/fake-machine.ts";

/** Answers as Python would; `$PIP` is what pip does. */
const standIn = `#!/bin/sh
case "$2" in
  venv) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && touch "$3/made" ;;
  pip) eval "$PIP" ;;
  *) echo "\${VERSION:-3 12}" ;;
esac
`;

let machine: Machine;
let python = "";
let venv = "";
before(() => {
  machine = newMachine();
  python = join(machine.root, "python-stand-in");
  venv = join(machine.root, ".venv");
  writeFileSync(python, standIn);
  chmodSync(python, 0o755);
});
after(() => machine.remove());
beforeEach(() => rmSync(venv, { recursive: true, force: true }));

const setUp = (env: Record<string, string> = {}) =>
  machine.run({
    script: "lab.mjs",
    args: ["--setup-only"],
    env: { PAL_ENGINE: "wasm", PAL_PYTHON: python, PIP: "true", ...env },
  });

describe("npm run lab, setting up", () => {
  it("sets up a fresh clone, makes .venv once and registers the kernel", async () => {
    const first = await setUp();
    assert.equal(first.code, 0, first.text);
    assert.match(first.text, /npm packages +installed/);
    assert.match(first.text, /installed in \.venv/);
    const folder = join(venv, "share", "jupyter", "kernels", "pal-lab");
    assert.ok(existsSync(join(folder, "kernel.json")));
    assert.match((await setUp({ PIP: "exit 1" })).text, /up to date/);
  });

  it("makes a half-made .venv anew, and one of other requirements", async () => {
    await setUp();
    rmSync(join(venv, "pal-lab.stamp"));
    writeFileSync(join(venv, "leftover"), "");
    assert.match((await setUp()).text, /installed in \.venv/);
    assert.ok(!existsSync(join(venv, "leftover")));

    const kernel = join(machine.root, "notebooks", "kernel");
    writeFileSync(join(kernel, "requirements.txt"), "jupyterlab==0\n");
    assert.match((await setUp()).text, /installed in \.venv/);
  });

  it("leaves nothing behind when pip reaches no index, and says what to do", async () => {
    const PIP = 'echo "No matching distribution found"; exit 1';
    const { code, text } = await setUp({ PIP });
    assert.equal(code, 1);
    assert.match(text, /Remedy: check that pip reaches its package index/);
    assert.ok(!existsSync(venv));
  });

  it("is left alone by another set-up, and leaves nothing half-made when it is stopped", async () => {
    const began = join(machine.root, "pip-began");
    const pip = () => Number(readFileSync(began, "utf8"));
    const { code, text } = await machine.run({
      script: "lab.mjs",
      args: ["--setup-only"],
      env: {
        PAL_ENGINE: "wasm",
        PAL_PYTHON: python,
        PIP: `echo $$ > ${began}; exec sleep 60`,
      },
      interruptAt: async () => {
        while (!existsSync(began)) await wait(10);
        const other = await machine.run({ env: { PAL_ENGINE: "wasm" } });
        assert.equal(other.code, 0, other.text);
        process.kill(pip(), 0);
      },
    });
    assert.equal(code, 130, text);
    assert.match(text, /Nothing is half-made: npm run lab continues/);
    assert.ok(!existsSync(venv));
    assert.throws(() => process.kill(pip(), 0));
  });

  it("names the remedy when there is no Python, or an old one", async () => {
    machine.without("python3");
    const none = await setUp({ PAL_PYTHON: "" });
    assert.equal(none.code, 1);
    assert.match(none.text, /expected Python 3\.10 or newer, got none/);
    const old = await setUp({ VERSION: "3 8" });
    assert.match(old.text, /3\.10 or newer, got .*python-stand-in 3\.8/);
    assert.match(old.text, /Remedy: install it/);
  });
});

describe("the notebooks that npm run lab opens", () => {
  const name = "00-start-here.ipynb";
  const stored = () => join(machine.root, "notebooks", name);
  const copy = () => join(machine.root, "work", name);
  const read = (path: string) => readFileSync(path, "utf8");
  beforeEach(() => {
    rmSync(join(machine.root, "work"), { recursive: true, force: true });
    writeFileSync(stored(), "stored");
  });

  it("are copies, in a folder as deep as the stored ones", async () => {
    const { text } = await setUp();
    assert.match(text, /work\/00-start-here\.ipynb copied from notebooks\//);
    assert.equal(read(copy()), "stored");
    assert.doesNotMatch((await setUp()).text, /work\//);
  });

  it("keep the user's edits, and leave the stored ones alone", async () => {
    await setUp();
    writeFileSync(copy(), "mine");
    assert.doesNotMatch((await setUp()).text, /work\//);
    assert.deepEqual([read(copy()), read(stored())], ["mine", "stored"]);
  });

  it("follow the stored ones where nobody edited, and say so where one did", async () => {
    await setUp();
    writeFileSync(stored(), "newer");
    assert.match((await setUp()).text, /ipynb renewed from notebooks\//);
    assert.equal(read(copy()), "newer");
    writeFileSync(copy(), "mine");
    writeFileSync(stored(), "newest");
    assert.match(
      (await setUp()).text,
      /is yours and kept; .* has changed since/,
    );
    assert.equal(read(copy()), "mine");
  });

  it("are not git's business", () => {
    const root = join(import.meta.dirname, "..", "..");
    assert.match(read(join(root, ".gitignore")), /^work\/$/m);
  });
});
