import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import { meant } from "../../lib/cli/options.ts";
import { tone } from "../audio/fixture.ts";
import { makeWav } from "../audio/make-wav.ts";

const root = resolve(import.meta.dirname, "..", "..");
const main = join(root, "lib", "cli", "main.ts");
const folder = mkdtempSync(join(tmpdir(), "pal-lab-main-"));
after(() => rmSync(folder, { recursive: true }));

function pal(args: readonly string[], env: Record<string, string> = {}) {
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--import", "tsx", main, ...args],
    {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, PAL_ENGINE: "wasm", PAL_CACHE: folder, ...env },
    },
  );
  return { code: status, stderr, stdout };
}

/** One line, in the kit's form: expected, got, remedy; no stack. */
function assertFault(
  { code, stderr }: ReturnType<typeof pal>,
  message: RegExp,
): void {
  assert.notEqual(code, 0);
  assert.match(stderr, message);
  assert.match(stderr, /expected .*, got .*; \S/);
  assert.doesNotMatch(stderr, /^ {4}at /m);
}

describe("npm run pal", () => {
  const commands = [...pal(["help"]).stdout.matchAll(/^ {2}(\w+) {2,}/gm)].map(
    ([, name]) => name,
  );

  it("tells its commands", () => {
    assert.ok(commands.length >= 4, commands.join());
    for (const word of ["--help", "-h"]) {
      assert.equal(pal([word]).stdout, pal(["help"]).stdout);
    }
  });

  for (const name of commands) {
    it(`tells how ${name} is called, and does nothing else`, () => {
      const { code, stderr, stdout } = pal([name, "--help"]);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, new RegExp(`^npm run pal -- ${name}\\b`));
      assert.equal(pal(["help", name]).stdout, stdout);
    });

    it(`refuses an option that ${name} does not have`, () => {
      const { code, stderr } = pal([name, "--nothing-such"]);
      assert.equal(code, 2);
      assert.match(
        stderr,
        new RegExp(`^${name}: unknown option --nothing-such`),
      );
      assert.match(stderr, /; known: --/);
    });
  }

  it("names the command that was meant", () => {
    const { code, stderr } = pal(["fetsh"]);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /unknown command "fetsh" \(did you mean fetch\?\); known/,
    );
  });

  it("says what is missing where a folder or an encoder is", () => {
    const from = (...args: string[]) =>
      pal(["features", ...args, "--cache", join(folder, "cache")]);
    const absent = join(folder, "absent");
    assertFault(
      from(absent, "--encoder", "sslam"),
      /expected a folder of sounds at .*absent, got nothing; check the path/,
    );
    const sounds = makeSounds();
    const typo = from(sounds, "--encoder", "sslm");
    assert.equal(typo.code, 1);
    assert.match(typo.stderr, /got "sslm" \(did you mean sslam\?\)/);
  });

  it("says within seconds that no hub is reached", () => {
    const begin = performance.now();
    assertFault(
      pal(["fetch", "sslam"], { HF_ENDPOINT: "http://127.0.0.1:65431" }),
      /expected http:\/\/127\.0\.0\.1:65431.*ECONNREFUSED.*; check the network/,
    );
    assert.ok(performance.now() - begin < 10_000);
  });

  it("names a folder that cannot be made, and what sets it", () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const env = { HOME: file, PAL_CACHE: "", XDG_CACHE_HOME: "" };
    assertFault(
      pal(["fetch", "sslam"], env),
      /^fetch: expected to make the folder .*got ENOTDIR: .*PAL_CACHE/,
    );
    const cache = join(file, "cache");
    assertFault(
      pal([
        "features",
        makeSounds(),
        "--encoder",
        "random-sslam",
        "--cache",
        cache,
      ]),
      /^features: expected to make the folder .*file\/cache, got ENOTDIR/,
    );
  });

  it("estimates without cache, engine or weights", () => {
    const env = { PAL_ENGINE: "tensorflow-gpu", PAL_CACHE: join(folder, "no") };
    for (const encoder of ["sslam", "random-clap"]) {
      const { code, stdout, stderr } = pal(
        ["features", makeSounds(), "--encoder", encoder, "--estimate"],
        env,
      );
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^features of 1 clips in float16 take /);
    }
  });

  it("computes features with random weights, and says so", () => {
    const cache = join(folder, "random");
    const args = [makeSounds(), "--encoder", "random-sslam", "--cache", cache];
    const { code, stderr, stdout } = pal(["features", ...args]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /random-sslam is small and has learned nothing/);
    assert.match(stdout, /1 computed, 0 stored before/);
    assert.match(pal(["features", ...args]).stdout, /0 computed, 1 stored/);
  });

  it("ends quietly when its reader has enough", () => {
    const { stderr } = spawnSync(
      "sh",
      ["-c", `"$0" --import tsx "${main}" cost | head -1`, process.execPath],
      { cwd: root, encoding: "utf8" },
    );
    assert.equal(stderr, "");
  });
});

function makeSounds(): string {
  const path = join(folder, "sounds");
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "a.wav"), makeWav(tone(200, 8000, 16_000)));
  return path;
}

describe("meant", () => {
  it("names a near word and no far one", () => {
    const known = ["--scale", "--text", "--query"];
    assert.equal(meant("--scal", known), " (did you mean --scale?)");
    assert.equal(meant("--tetx", known), " (did you mean --text?)");
    assert.equal(meant("--nothing", known), "");
    assert.equal(meant("--nothing", []), "");
  });
});
