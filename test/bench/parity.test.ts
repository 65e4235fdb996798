import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import { distance } from "../../bench/parity/compare.ts";

const root = resolve(import.meta.dirname, "..", "..");
const fixtures = join(root, "test", "fixtures", "parity");
const folder = mkdtempSync(join(tmpdir(), "pal-lab-parity-"));
after(() => rmSync(folder, { recursive: true }));

/** The command as its own process, since a process has one engine. */
function parity(engine: string, ...args: readonly string[]) {
  const call = `import("${join(root, "bench", "parity.ts")}")
    .then(({ parity }) => parity(${JSON.stringify(args)}))
    .then((code) => { process.exitCode = code; })
    .catch((error) => { console.error(error); process.exitCode = 1; });`;
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--import", "tsx", "--eval", call],
    {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, PAL_ENGINE: engine },
    },
  );
  return { code: status, lines: stdout.split("\n"), stderr };
}

describe("pal parity", () => {
  for (const engine of ["tensorflow", "wasm"]) {
    it(`agrees with the official code on ${engine}`, (t) => {
      const { code, lines, stderr } = parity(engine, fixtures);
      if (/useEngine: tensorflow cannot be had/.test(stderr)) {
        t.skip("TensorFlow is not installed here");
        return;
      }
      assert.deepEqual(
        [code, lines.filter((line) => / NO/.test(line))],
        [0, []],
      );
      const kinds = [
        ...["bicubic  +y", "clapmel-0.5 +mel", "fbank-1.2 +fbank"],
        ...["htsat-b +last_hidden_state", "resample-44100-16000 +y"],
        ...["sslam-tiny-short +output", "llama-tiny +generated"],
      ];
      for (const kind of kinds) {
        const row = new RegExp(`^${kind} .* yes$`);
        assert.ok(
          lines.some((line) => row.test(line)),
          kind,
        );
      }
      assert.match(lines.at(-2)!, /^\d+ fixtures, \d+ comparisons, 0 failed$/);
    });
  }

  it("finds fixtures at any depth and fails for one of them", () => {
    const deep = join(folder, "deep", "er");
    cpSync(join(fixtures, "bicubic"), join(deep, "good"), { recursive: true });
    cpSync(join(fixtures, "bicubic"), join(deep, "bad"), { recursive: true });
    const path = join(deep, "bad", "io.safetensors");
    const bytes = readFileSync(path);
    bytes.writeFloatLE(
      bytes.readFloatLE(bytes.length - 4) + 1,
      bytes.length - 4,
    );
    writeFileSync(path, bytes);
    const unknown = join(deep, "unknown");
    mkdirSync(unknown);
    copyFileSync(path, join(unknown, "io.safetensors"));
    mkdirSync(join(deep, "broken"));
    writeFileSync(join(deep, "broken", "io.safetensors"), "no");

    const { code, lines } = parity("wasm", folder);
    assert.equal(code, 1);
    const row = (name: string) => lines.find((line) => line.includes(name));
    assert.match(row("er/good")!, / yes$/);
    assert.match(row("er/bad")!, /1\.0e\+0 .* NO$/);
    assert.match(row("er/unknown")!, /NO: unknown kind \(x, y\); known: sslam/);
    assert.match(row("er/broken")!, /NO: openSafetensors: expected at least 8/);
    assert.ok(lines.includes("4 fixtures, 4 comparisons, 3 failed"));
  });

  it("tells how it is called", () => {
    const none = parity("wasm", join(folder, "nowhere"));
    assert.equal(none.code, 2);
    assert.match(none.stderr, /expected one folder, got ".*nowhere"/);
    const empty = mkdtempSync(join(folder, "empty-"));
    assert.match(
      parity("wasm", empty).stderr,
      /io.safetensors in .*, got none/,
    );
    assert.equal(parity("wasm", "--help").code, 0);
  });
});

describe("distance", () => {
  it("tells the largest and the mean one", () => {
    assert.deepEqual(distance([1, 2, 3], [1, 4, 3.5]), {
      max: 2,
      mean: 2.5 / 3,
    });
  });

  it("is not a number where one is none", () => {
    for (const got of [
      [NaN, 0],
      [0, NaN],
      [Infinity, 0],
    ]) {
      assert.ok(Number.isNaN(distance(got, [0, 0]).max));
    }
  });
});
