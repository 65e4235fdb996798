import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { addToLogPage } from "../../lib/runlog/log-page.ts";
import { clock, folders, open, tell } from "./support.ts";

const newFolder = folders();

function finished(second = 0) {
  const start = Date.parse("2026-01-01T00:00:00Z") + 1000 * second;
  const log = open(newFolder(), 0, clock(start));
  tell(log, 1, 2);
  return log.end("done");
}

function newPage() {
  const folder = newFolder();
  mkdirSync(folder);
  return join(folder, "LOG.md");
}

describe("addToLogPage", () => {
  const run = finished();

  it("adds one line, whose cells no text can break", () => {
    const path = newPage();
    assert.equal(addToLogPage(path, run), true);
    const last = readFileSync(path, "utf8").trimEnd().split("\n").at(-1)!;
    const cells = last.split(/ (?<!\\)\| /);
    assert.equal(cells[0], "| 2026-01-01 00:00");
    assert.deepEqual(cells.slice(1, 7), [
      "baseline",
      "connector-pretraining",
      "smoke",
      "3",
      "2",
      "6.0000",
    ]);
    assert.match(cells[7], /^\d+$/);
    assert.deepEqual(cells.slice(8, 10), ["wasm", "A \\| Processor"]);
    assert.match(cells[10], /^([0-9a-f]{9}\+?|none)$/);
    assert.equal(cells[11], `${run.id} |`);
    const head = readFileSync(path, "utf8").match(/^\| Date.*$/m)![0];
    assert.equal(head.split("|").length, last.split(/(?<!\\)\|/).length);
  });

  it("adds a run once, and each of two that differ in their start", () => {
    const path = newPage();
    const other = finished(1);
    const added = [run, other, run, other].map((r) => addToLogPage(path, r));
    assert.deepEqual(added, [true, true, false, false]);
    const lines = readFileSync(path, "utf8").match(/^\| 2026/gm);
    assert.equal(lines?.length, 2);
  });

  it("keeps what was written by hand, also without a line's end", () => {
    const path = newPage();
    writeFileSync(path, "My log");
    addToLogPage(path, run);
    assert.match(readFileSync(path, "utf8"), /^My log\n\| 2026.*\n$/);
  });

  it("refuses a run that is not done, and writes nothing", () => {
    const path = newPage();
    const half = { ...run, outcome: "interrupted" } as const;
    assert.throws(() => addToLogPage(path, half), {
      name: "RangeError",
      message: /expected a run that is done, got interrupted \(baseline,/,
    });
    assert.throws(() => readFileSync(path), { code: "ENOENT" });
  });
});
