import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stepRows } from "../../lib/runlog/step-rows.ts";
import { folders, killed, open, tell } from "./support.ts";

const newFolder = folders();

describe("the steps of a run as rows", () => {
  it("have the run's names, its losses and the norm over all groups", () => {
    const folder = newFolder();
    const log = open(folder);
    tell(log, 1, 4);
    log.end("done");
    const rows = stepRows(folder);
    assert.deepEqual(
      rows.map(({ step }) => step),
      [1, 2, 3, 4],
    );
    assert.deepEqual(rows[1], {
      ...{ design: "baseline", seed: 3, step: 2 },
      ...{ value: 4, rate: 0.002, gradient: Math.hypot(0.5, 2) },
    });
  });

  it("leave out those that a run which goes on takes again", () => {
    const folder = newFolder();
    const log = open(folder);
    tell(log, 1, 2);
    log.flush();
    tell(log, 3, 5);
    const copy = killed(folder);
    log.end("interrupted");
    assert.equal(stepRows(copy).length, 2);
    assert.equal(stepRows(folder).length, 5);
  });

  it("are none where no run has begun", () => {
    assert.deepEqual(stepRows(newFolder()), []);
  });
});
