import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import type { StoredTensor } from "../../lib/checkpoint/checkpoint.ts";
import { sslamConfig } from "../../lib/encoder/sslam.ts";
import { sslamShapes } from "../../lib/encoder/weights/sslam.ts";
import { tone } from "../audio/fixture.ts";
import { makeWav } from "../audio/make-wav.ts";
import { safetensorsOf } from "../checkpoint/support.ts";
import { randomCheckpoint } from "../encoder/support.ts";

const root = resolve(import.meta.dirname, "..", "..");
const folder = mkdtempSync(join(tmpdir(), "pal-lab-features-"));
after(() => rmSync(folder, { recursive: true }));

/** SSLAM's grid of 64 x 8, with features of 16 numbers. */
const raw = { embed_dim: 16, depth: 1, num_heads: 2, max_length: 64 };
const bytesPerClip = 64 * 8 * 16 * 2;

async function makeEncoder(): Promise<string> {
  const path = join(folder, "encoder");
  mkdirSync(path);
  const checkpoint = randomCheckpoint(sslamShapes(sslamConfig(raw)));
  const tensors = new Map<string, StoredTensor>();
  for (const name of checkpoint.tensors.keys()) {
    tensors.set(name, await checkpoint.read(name));
  }
  writeFileSync(join(path, "model.safetensors"), safetensorsOf(tensors));
  writeFileSync(join(path, "config.json"), JSON.stringify(raw));
  return path;
}

/** Two sounds, one of them deeper; one that is none; a text. */
function makeSounds(): string {
  const path = join(folder, "sounds");
  mkdirSync(join(path, "deeper"), { recursive: true });
  writeFileSync(join(path, "a.wav"), makeWav(tone(200, 8000, 16_000)));
  writeFileSync(join(path, "deeper/b.WAV"), makeWav(tone(300, 8000, 16_000)));
  writeFileSync(join(path, "bad.flac"), "no sound");
  writeFileSync(join(path, "notes.txt"), "no sound");
  return path;
}

/** The command as its own process, since a process has one engine. */
function features(...args: readonly string[]) {
  const call = `import("${join(root, "lib", "cli", "features.ts")}")
    .then(({ features }) => features(${JSON.stringify(args)}))
    .then((code) => { process.exitCode = code; })
    .catch((error) => { console.error(error.message); process.exitCode = 1; });`;
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--import", "tsx", "--eval", call],
    {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, PAL_ENGINE: "wasm", PAL_CACHE: folder },
    },
  );
  return { code: status, stderr, stdout };
}

describe("pal features", () => {
  it("keeps what can be heard, names what can not, and goes on", async () => {
    const [sounds, encoder] = [makeSounds(), await makeEncoder()];
    const cache = join(folder, "cache");
    const both = [sounds, "--encoder", encoder, "--cache", cache];

    const asked = features(...both, "--estimate");
    assert.equal(asked.code, 0, asked.stderr);
    assert.match(
      asked.stdout,
      /^features of 3 clips in float16 take 49\.28 kB/,
    );
    assert.ok(!existsSync(cache));

    const first = features(...both, "--verify");
    assert.equal(first.code, 1, first.stderr);
    assert.match(
      first.stdout,
      /^features of 3 clips in float16 take 49\.28 kB/,
    );
    assert.match(first.stdout, /\n1 files are not taken for sounds\n/);
    assert.match(first.stdout, /\n2 computed, 0 stored before\n/);
    assert.match(
      first.stdout,
      /\n1 of 3 files have no features\n {2}.*bad\.flac: decodeAudio: /,
    );
    const whole = `${2 * bytesPerClip} bytes; 0 damaged`;
    assert.match(first.stdout, new RegExp(`\n2 whole entries, ${whole}`));
    assert.match(first.stdout, /\n {2}2 by .*wasm|WebAssembly/i);

    rmSync(join(sounds, "bad.flac"));
    const again = features(...both);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /\n0 computed, 2 stored before\n/);

    const name = readdirSync(cache).find((file) => file.endsWith(".features"))!;
    const bytes = readFileSync(join(cache, name));
    bytes[100] ^= 1;
    writeFileSync(join(cache, name), bytes);
    const checked = features("--cache", cache, "--verify");
    assert.equal(checked.code, 1, checked.stderr);
    assert.match(checked.stdout, /^read: expected 16384 bytes of checksum/);
    assert.match(checked.stdout, /\n1 whole entries, 16384 bytes; 1 damaged/);
  });

  for (const [name, bytes] of [
    ["aisfx", 54 * 12 * 64 * 2],
    ["musicnn", 626 * (2 * 16 + 3 * 4 + 3 * 8) * 2],
  ] as const) {
    it(`keeps what ${name} makes of sounds, short and at another rate`, () => {
      const sounds = join(folder, `for-${name}`);
      mkdirSync(sounds);
      const short = makeWav(Float32Array.of(0.5), { sampleRate: 8000 });
      writeFileSync(join(sounds, "short.wav"), short);
      const silent = makeWav(new Float32Array(48_000), { sampleRate: 48_000 });
      writeFileSync(join(sounds, "silent.wav"), silent);
      writeFileSync(join(sounds, "long.wav"), makeWav(tone(300, 2e5, 16_000)));
      const cache = join(folder, `${name}-cache`);
      const both = ["--encoder", `random-${name}`, "--cache", cache];
      const { code, stderr, stdout } = features(sounds, ...both, "--verify");
      assert.equal(code, 0, stderr);
      assert.match(stdout, /\n3 computed, 0 stored before\n/);
      const whole = `3 whole entries, ${3 * bytes} bytes; 0 damaged`;
      assert.match(stdout, new RegExp(`\n${whole}`));
    });
  }

  it("tells how it is called, and what is missing", () => {
    assert.equal(features("--help").code, 0);
    for (const [args, message] of [
      [
        ["sounds"],
        /expected AUDIO_FOLDER, --encoder and --cache, got "sounds"/,
      ],
      [["--cache", "x", "--dtype", "int8", "--verify"], /got "int8"/],
      [["--nothing"], /features: unknown option --nothing; known: --encoder, /],
    ] as const) {
      const { code, stderr } = features(...args);
      assert.equal(code, 2);
      assert.match(stderr, message);
    }
    const cache = join(folder, "another");
    const sounds = join(folder, "sounds");
    const absent = features(sounds, "--encoder", "sslam", "--cache", cache);
    assert.equal(absent.code, 1);
    assert.match(
      absent.stderr,
      /got nothing; run `npm run pal -- fetch sslam`/,
    );
    const bare = join(folder, "encoder");
    const none = features(bare, "--encoder", bare, "--cache", cache);
    assert.match(none.stderr, /expected sounds \(.*encoder, got 2 other files/);
  });
});
