import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { readRun } from "../../lib/runlog/record.ts";
import { temporaryFolder } from "../temporary.ts";
import { filesIn } from "../train/files-in.ts";

const root = resolve(import.meta.dirname, "..", "..");
const main = join(root, "lib", "cli", "main.ts");
const folder = temporaryFolder();

const argsOf = (out: string, ...more: readonly string[]) => [
  ...["--import", "tsx", main, "train", "delayed-fusion"],
  ...["--out", out, ...more],
];

/** The command in a process of its own, and what it has said. */
function start(out: string, ...more: readonly string[]) {
  const child = spawn(process.execPath, argsOf(out, ...more), { cwd: root });
  const heard: (() => void)[] = [];
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data) => {
      text += data;
      for (const hear of heard) hear();
    });
  }
  const end = new Promise<{ code: number | null; signal: string | null }>(
    (done) => child.once("close", (code, signal) => done({ code, signal })),
  );
  const until = (words: RegExp) =>
    new Promise<void>((found, fail) => {
      const look = () => words.test(text) && found();
      heard.push(look);
      look();
      end.then(() => fail(new Error(`expected ${words}, got ${text}`)));
    });
  return { child, end, said: () => text, until };
}

function run(out: string, ...more: readonly string[]) {
  const options = { cwd: root, encoding: "utf8" } as const;
  return spawnSync(process.execPath, argsOf(out, ...more), options);
}

describe("npm run pal -- train", () => {
  const whole = join(folder, "whole");
  const page = join(folder, "LOG.md");
  /** Their sha256, by which a stage's weights are named. */
  const weightsOf = (out: string) =>
    readdirSync(join(out, "stage-2")).find((name) => /^weights/.test(name))!;
  const two = ["--stages", "1,2"];

  it("trains all stages, and adds each to a log of runs where it is asked", () => {
    const { status, stderr, stdout } = run(whole, "--log", page);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^stage 3 .* loss \d\.\d{3}$/m);
    assert.match(stdout, /^done: .*weights\.safetensors$/m);
    const rows = readFileSync(page, "utf8").match(/^\| 20.*$/gm)!;
    assert.deepEqual(
      rows.map((row) => row.split(" | ").slice(1, 6)),
      [
        ["delayed-fusion", "connector-pretraining", "smoke", "1", "8"],
        ["delayed-fusion", "closed-ended-tuning", "smoke", "1", "8"],
        ["delayed-fusion", "open-ended-tuning", "smoke", "1", "8"],
      ],
    );
    const again = run(whole, "--log", page);
    assert.equal(again.status, 0);
    assert.match(again.stderr, /stage 1 was there already, in/);
    assert.equal(readFileSync(page, "utf8").match(/^\| 20/gm)?.length, 3);
  });

  it("saves at Ctrl-C, ends with 130, and the same again goes on", async () => {
    const out = join(folder, "stopped");
    const first = start(out, ...two);
    await first.until(/^stage 1 .*1\/8/m);
    first.child.kill("SIGINT");
    assert.deepEqual(await first.end, { code: 130, signal: null });
    assert.match(first.said(), /stops after this step and saves; Ctrl-C again/);
    assert.match(
      first.said(),
      /^train: stopped after step \d+ of 8 .* and saved in .*stage-\d; run the same again/m,
    );
    const stages = readdirSync(out).filter((name) => /^stage/.test(name));
    const { outcome } = readRun(join(out, stages.at(-1)!, "run.json"));
    assert.equal(outcome, "interrupted");
    const { status, stderr } = run(out, ...two);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /goes on after step \d/);
    assert.equal(weightsOf(out), weightsOf(whole));
  });

  it("ends at once at a second Ctrl-C, and nothing is damaged", async () => {
    const out = join(folder, "twice");
    const first = start(out, ...two);
    await first.until(/^stage 1 .*[1-8]\/8/m);
    first.child.kill("SIGINT");
    await first.until(/Ctrl-C again ends it/).catch(() => {});
    first.child.kill("SIGINT");
    const { code, signal } = await first.end;
    // The second one may come after the end that the first one asked for.
    assert.ok(signal === "SIGINT" || code === 130, `${code} ${signal}`);
    const { status, stderr } = run(out, ...two);
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /damaged/);
    assert.equal(weightsOf(out), weightsOf(whole));
  });

  it("refuses a folder where another process trains, and touches nothing", async () => {
    const out = join(folder, "busy");
    const first = start(out);
    await first.until(/^language model/m);
    const second = run(out);
    assert.equal(second.status, 1);
    assert.match(
      second.stderr,
      /^train: expected a folder of its own, got .*busy, where another process trains; wait for it, or choose another folder$/m,
    );
    first.child.kill("SIGKILL");
    await first.end;
  });

  it("refuses another run's folder in one line, and touches nothing", () => {
    const before = filesIn(whole);
    const { status, stderr } = run(whole, "--seed", "2");
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^train: expected a run with seed 2, got 1 \(.*\); go on with what it was begun with, or choose another folder$/m,
    );
    assert.doesNotMatch(stderr, /^ {4}at /m);
    assert.deepEqual(filesIn(whole), before);
  });

  it("refuses a log of runs that it could not write", () => {
    const { status, stderr } = run(
      whole,
      "--log",
      join(folder, "no", "LOG.md"),
    );
    assert.equal(status, 2);
    assert.match(stderr, /expected --log in a folder that is there/);
  });
});
