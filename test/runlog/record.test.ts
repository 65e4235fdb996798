import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { readRun } from "../../lib/runlog/record.ts";
import { revisionOf, versions } from "../../lib/runlog/surroundings.ts";
import { clock, engine, folders, killed, open, tell } from "./support.ts";

const newFolder = folders();
const recordOf = (folder: string) => readRun(join(folder, "run.json"));
const sha256 = (text: string) =>
  createHash("sha256").update(text).digest("hex");

describe("run.json", () => {
  it("says what ran, on what, by which code", () => {
    const folder = newFolder();
    open(folder).end("interrupted");
    const { sessions, ...record } = recordOf(folder);
    assert.deepEqual(record.hashes, {
      config: sha256('{"batchSize":8,"peakLearningRate":0.001}'),
      manifest: sha256("clip.wav 0123"),
    });
    const { design, scale, seed, stage } = record;
    assert.deepEqual(
      [design, stage, scale, seed],
      ["baseline", "connector-pretraining", "smoke", 3],
    );
    const { name, description, numerics } = engine;
    assert.deepEqual(sessions[0].engine, { name, description, numerics });
    assert.deepEqual(sessions[0].versions, versions());
    assert.deepEqual(sessions[0].git, revisionOf());
  });

  it("stands from the start, and tells how it ended", () => {
    const folder = newFolder();
    const log = open(folder);
    assert.equal(recordOf(folder).outcome, "running");
    tell(log, 1, 4);
    log.flush();
    assert.equal(recordOf(folder).steps, 4);
    log.step({ ...structuredClone(lastOf(folder)), step: 5, loss: 1 });
    const told = log.end("failed", new Error("the disk is full"));
    const record = recordOf(folder);
    assert.deepEqual(record, told);
    assert.equal(record.outcome, "failed");
    assert.equal(record.message, "the disk is full");
    assert.equal(record.steps, 5);
    assert.equal(record.loss, (8 + 4 + 8 / 3 + 2 + 1) / 5);
    assert.ok(record.wallSeconds > 5);
  });

  it("has the mean loss of the last 20 steps, over a break too", () => {
    const begun = newFolder();
    tell(open(begun), 1, 25);
    const folder = killed(begun);
    const log = open(folder, 22);
    tell(log, 23, 30);
    const { loss } = log.end("done");
    const last = Array.from({ length: 20 }, (_, i) => 8 / (i + 11));
    assert.equal(loss, last.reduce((sum, value) => sum + value, 0) / 20);
  });

  it("has a session for each process, and no message of an earlier end", () => {
    const folder = newFolder();
    const log = open(folder);
    tell(log, 1, 2);
    log.end("failed", new Error("no power"));
    const late = clock(Date.parse("2026-02-01T00:00:00Z"));
    open(folder, 1, late).end("interrupted");
    const record = recordOf(folder);
    assert.deepEqual(
      record.sessions.map(({ fromStep, startedAt }) => [fromStep, startedAt]),
      [
        [0, "2026-01-01T00:00:00.000Z"],
        [1, "2026-02-01T00:00:00.000Z"],
      ],
    );
    assert.equal(record.startedAt, "2026-01-01T00:00:00.000Z");
    assert.equal("message" in record, false);
  });

  it("is refused where it is no record", () => {
    const path = join(newFolder(), "run.json");
    mkdirSync(join(path, ".."));
    const damages = [
      ["{", /readRun: expected JSON, got "\{"/],
      ["null", /expected a run's record with "id", got undefined/],
      ['{"id":"a"}', /expected a run's record with "design", got undefined/],
    ] as const;
    for (const [text, message] of damages) {
      writeFileSync(path, text);
      assert.throws(() => readRun(path), { name: "TypeError", message });
    }
  });
});

function lastOf(folder: string) {
  const text = readFileSync(join(folder, "metrics.jsonl"), "utf8");
  return JSON.parse(text.trim().split("\n").at(-1)!);
}

const noGit = spawnSync("git", ["--version"]).error
  ? "git is not there"
  : false;

describe("revisionOf", { skip: noGit }, () => {
  const git = (folder: string, ...args: string[]) =>
    execFileSync(
      "git",
      ["-c", "user.name=T", "-c", "user.email=t@t.invalid", ...args],
      { cwd: folder, encoding: "utf8", stdio: "pipe" },
    ).trim();

  it("is the commit, and tells changed code from written figures", () => {
    const folder = newFolder();
    mkdirSync(join(folder, "figures"), { recursive: true });
    writeFileSync(join(folder, "package.json"), "{}");
    git(folder, "init", "-q");
    git(folder, "add", ".");
    git(folder, "commit", "-qm", "first");
    const commit = git(folder, "rev-parse", "HEAD");
    assert.deepEqual(revisionOf(folder), { commit, isDirty: false });
    writeFileSync(join(folder, "figures", "LOG.md"), "a run");
    assert.deepEqual(revisionOf(folder), { commit, isDirty: false });
    writeFileSync(join(folder, "new.ts"), "code");
    assert.deepEqual(revisionOf(folder), { commit, isDirty: true });
  });

  it("is absent, with the reason, where git does not follow the library", () => {
    const outside = newFolder();
    mkdirSync(outside);
    const none = revisionOf(outside) as { absent: string };
    assert.match(none.absent, /not a git repository/);
    git(outside, "init", "-q");
    const other = revisionOf(outside) as { absent: string };
    assert.match(other.absent, /package\.json.* did not match any file/);
  });
});

describe("versions", () => {
  it("has the library's own", () => {
    const manifest = resolve(import.meta.dirname, "../../lib/package.json");
    const { version } = JSON.parse(readFileSync(manifest, "utf8"));
    assert.deepEqual(versions(), {
      palLab: version,
      node: process.version,
      tfjs: "4.22.0",
    });
  });
});
