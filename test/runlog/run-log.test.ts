import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type MetricsLine, readMetrics } from "../../lib/runlog/metrics.ts";
import { readRun } from "../../lib/runlog/record.ts";
import { openRunLog } from "../../lib/runlog/run-log.ts";
import {
  clock,
  engine,
  folders,
  header,
  killed,
  metricsAt,
  open,
  tell,
} from "./support.ts";

const newFolder = folders();
const metricsOf = (folder: string) => join(folder, "metrics.jsonl");

/** A line without what differs from run to run: times and memory. */
function told({
  rssBytes: _rss,
  seconds: _seconds,
  tensorBytes: _tensors,
  time: _time,
  ...metrics
}: MetricsLine) {
  return metrics;
}

const expected = [1, 2, 3, 4, 5, 6].map(metricsAt);

describe("a run's log", () => {
  it("has a line for each step, with time and memory", () => {
    const folder = newFolder();
    const log = open(folder);
    tell(log, 1, 6);
    log.end("done");
    const lines = readMetrics(metricsOf(folder));
    assert.deepEqual(lines.map(told), expected);
    for (const { rssBytes } of lines) assert.ok(rssBytes > 2 ** 20);
    assert.match(lines[0].time, /^2026-01-01T00:00:0\d\.000Z$/);
  });

  it("keeps numbers that JSON does not have", () => {
    const folder = newFolder();
    const log = open(folder);
    const gradientNorms = { connector: Infinity };
    log.step({ ...metricsAt(1), loss: Number.NaN, gradientNorms });
    const [line] = readMetrics(metricsOf(folder));
    assert.deepEqual([line.loss, line.gradientNorms], [NaN, gradientNorms]);
    const record = log.end("failed", new Error("no number"));
    assert.equal("loss" in record, false);
  });

  it("is the same after a kill at any byte beyond its checkpoint", () => {
    const begun = newFolder();
    tell(open(begun), 1, 6);
    const { length } = readFileSync(metricsOf(begun));
    const text = readFileSync(metricsOf(begun), "utf8");
    const third = text.split("\n").slice(0, 3).join("\n").length + 1;
    for (let cut = third; cut <= length; cut += 41) {
      const folder = killed(begun);
      truncateSync(metricsOf(folder), cut);
      const log = open(folder, 3);
      tell(log, 4, 6);
      log.end("done");
      const lines = readMetrics(metricsOf(folder));
      assert.deepEqual(lines.map(told), expected, `cut at ${cut}`);
    }
  });

  it("goes on after a process that was really killed", () => {
    const folder = newFolder();
    const child = join(import.meta.dirname, "child.ts");
    const args = ["--import", "tsx", child, folder];
    assert.equal(spawnSync(process.execPath, args).signal, "SIGKILL");
    assert.equal(readMetrics(metricsOf(folder)).length, 6);
    assert.equal(readRun(join(folder, "run.json")).outcome, "running");
    const log = open(folder, 5);
    log.step(metricsAt(6));
    log.end("done");
    assert.deepEqual(readMetrics(metricsOf(folder)).map(told), expected);
  });

  it("counts time on from the checkpoint's step", () => {
    const begun = newFolder();
    tell(open(begun), 1, 6);
    const folder = killed(begun);
    const before = readMetrics(metricsOf(folder))[2].seconds;
    const late = clock(Date.parse("2026-02-01T00:00:00Z"));
    const log = open(folder, 3, late);
    log.step(metricsAt(4));
    log.end("interrupted");
    const after = readMetrics(metricsOf(folder))[3];
    assert.equal(after.seconds, before + 1);
    assert.match(after.time, /^2026-02-01/);
  });

  it("begins anew where it is told that no step is done", () => {
    const begun = newFolder();
    tell(open(begun), 1, 6);
    const folder = killed(begun);
    open(folder, 0).end("interrupted");
    assert.deepEqual(readMetrics(metricsOf(folder)), []);
    assert.equal(readRun(join(folder, "run.json")).sessions.length, 1);
  });
});

describe("a run's log refuses", () => {
  const begun = newFolder();
  tell(open(begun), 1, 6);

  it("a checkpoint with more steps than it has lines", () => {
    assert.throws(() => open(killed(begun), 7), {
      name: "RangeError",
      message: /expected lines of 7 steps, got 6 .*flush the log before/,
    });
    assert.throws(() => open(newFolder(), 2), {
      name: "RangeError",
      message:
        /expected the record of a run that goes on from step 2, got none/,
    });
  });

  it("steps that are left out or told twice", () => {
    const log = open(newFolder());
    assert.throws(() => log.step(metricsAt(2)), /expected step 1, got 2;/);
    log.step(metricsAt(1));
    assert.throws(() => log.step(metricsAt(1)), /expected step 2, got 1;/);
    log.end("interrupted");
    assert.throws(
      () => log.step(metricsAt(2)),
      /expected a log before its end/,
    );
    assert.throws(() => log.end("done"), /RunLog.end: expected a log before/);
  });

  it("another run's folder, named by what differs", () => {
    const folder = killed(begun);
    const others = [
      [
        { design: "multi-encoder" },
        /the design .* baseline, got multi-encoder/,
      ],
      [{ seed: 4 }, /the seed of the run in this folder, 3, got 4; choose/],
      [{ config: { batchSize: 9 } }, /the settings' hash/],
      [{ manifest: undefined }, /the manifest's hash .*, got none/],
    ] as const;
    for (const [other, message] of others) {
      for (const doneSteps of [0, 3]) {
        const options = { engine, doneSteps };
        assert.throws(
          () => openRunLog(folder, { ...header, ...other }, options),
          { name: "RangeError", message },
        );
      }
    }
    assert.equal(readMetrics(metricsOf(folder)).length, 6);
  });

  it("a run that is done, and leaves its files", () => {
    const folder = newFolder();
    const log = open(folder);
    tell(log, 1, 2);
    log.end("done");
    assert.throws(() => open(folder), /got one that was after 2 steps; remove/);
    assert.equal(readMetrics(metricsOf(folder)).length, 2);
  });

  it("a run that another log is open for", () => {
    assert.throws(() => open(begun, 6), {
      name: "Error",
      message: /expected a run that nobody else is at/,
    });
    assert.equal(readMetrics(metricsOf(begun)).length, 6);
  });
});

describe("readMetrics", () => {
  const folder = newFolder();
  const log = open(folder);
  tell(log, 1, 2);
  log.end("done");
  const path = metricsOf(folder);
  const [one, two] = readFileSync(path, "utf8").split("\n");
  const put = (...lines: readonly string[]) =>
    writeFileSync(path, lines.map((line) => `${line}\n`).join(""));

  it("leaves out a line that is being written", () => {
    put(one, two);
    appendFileSync(path, '{"step":3');
    assert.equal(readMetrics(path).length, 2);
  });

  const damages = [
    ["a line that is no JSON", [one, "{"], /expected JSON, got "\{.*line 2\)/],
    ["a line that is no object", ["7"], /expected an object, got 7/],
    ["a number missing", [one.replace('"rate"', '"r"')], /a number as "rate"/],
    [
      "a norm that is text",
      [one.replace('r":1', 'r":"x"')],
      /"gradientNorms.connector", got "x"/,
    ],
    [
      "no date",
      [one.replace(/"2026[^"]*"/, '"soon"')],
      /as "time", got "soon"/,
    ],
    ["a step twice", [one, one], /expected step 2, got 1 \(.*line 2\)/],
    ["a step left out", [two], /expected step 1, got 2 \(.*line 1\)/],
  ] as const;
  for (const [name, lines, message] of damages) {
    it(`refuses ${name}`, () => {
      put(...lines);
      assert.throws(() => readMetrics(path), { message });
    });
  }
});
