import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, beforeEach, describe, it } from "node:test";

const root = join(import.meta.dirname, "..", "..");
/** A checkout with the scripts only, and a Python that is a stand-in. */
const copy = mkdtempSync(join(tmpdir(), "pal-lab-test-"));
const python = join(copy, "python-stand-in");
const kernel = join(copy, "notebooks", "kernel");
const venv = join(copy, ".venv");
const spec = join(
  venv,
  "share",
  "jupyter",
  "kernels",
  "pal-lab",
  "kernel.json",
);

/** Answers as Python would; `$PIP` is what pip does. */
const standIn = `#!/bin/sh
case "$2" in
  venv) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && touch "$3/made" ;;
  pip) eval "$PIP" ;;
  *) echo "\${VERSION:-3 12}" ;;
esac
`;

before(() => {
  cpSync(join(root, "scripts"), join(copy, "scripts"), { recursive: true });
  const tslab = join(kernel, "node_modules", "tslab", "bin");
  mkdirSync(tslab, { recursive: true });
  for (const file of ["preload.cjs", "requirements.txt"]) {
    cpSync(join(root, "notebooks", "kernel", file), join(kernel, file));
  }
  writeFileSync(join(tslab, "tslab"), "");
  writeFileSync(python, standIn);
  chmodSync(python, 0o755);
  mkdirSync(join(copy, "bin"));
  symlinkSync(process.execPath, join(copy, "bin", "node"));
});
beforeEach(() => rmSync(venv, { recursive: true, force: true }));

function setUp(env: Record<string, string> = {}) {
  const script = join(copy, "scripts", "lab.mjs");
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    [script, "--setup-only"],
    {
      env: { ...process.env, PAL_PYTHON: python, PIP: "true", ...env },
      encoding: "utf8",
    },
  );
  return { status, text: stdout + stderr };
}

describe("npm run lab, setting up", () => {
  it("makes .venv once and registers the kernel in it", () => {
    const first = setUp();
    assert.equal(first.status, 0, first.text);
    assert.match(first.text, /installed in \.venv/);
    assert.ok(existsSync(spec));
    assert.match(setUp({ PIP: "exit 1" }).text, /up to date/);
  });

  it("makes a half-made .venv anew, and one of other requirements", () => {
    setUp();
    rmSync(join(venv, "pal-lab.stamp"));
    writeFileSync(join(venv, "leftover"), "");
    assert.match(setUp().text, /installed in \.venv/);
    assert.ok(!existsSync(join(venv, "leftover")));

    writeFileSync(join(kernel, "requirements.txt"), "jupyterlab==0\n");
    assert.match(setUp().text, /installed in \.venv/);
  });

  it("leaves nothing behind when pip reaches no index, and says what to do", () => {
    const PIP = 'echo "No matching distribution found"; exit 1';
    const { status, text } = setUp({ PIP });
    assert.equal(status, 1);
    assert.match(text, /Remedy: check that pip reaches its package index/);
    assert.ok(!existsSync(venv));
  });

  it("names the remedy when there is no Python, or an old one", () => {
    const PATH = join(copy, "bin");
    const none = setUp({ PATH, PAL_PYTHON: "" });
    assert.equal(none.status, 1);
    assert.match(none.text, /expected Python 3\.10 or newer, got none/);
    const old = setUp({ PATH, VERSION: "3 8" });
    assert.match(old.text, /3\.10 or newer, got .*python-stand-in 3\.8/);
    assert.match(old.text, /Remedy: install it/);
  });
});
