import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { warmupSteps } from "../../lib/train/schedule.ts";
import {
  batchingOf,
  closedEndedTuning,
  connectorPretraining,
  openEndedTuning,
  orderOf,
  paperStages,
  scheduleOf,
} from "../../lib/train/stage.ts";

describe("the paper's stages", () => {
  it("take the steps of Table 3: whole batches of exact row counts", () => {
    const told = paperStages.map((stage) => ({
      batch: batchingOf(stage).batchSize,
      steps: scheduleOf(stage).steps,
      warmup: warmupSteps(scheduleOf(stage)),
    }));
    assert.deepEqual(told, [
      { batch: 256, steps: 4_650, warmup: 233 },
      { batch: 96, steps: 19_978, warmup: 600 },
      { batch: 96, steps: 59_184, warmup: 1_776 },
    ]);
  });

  it("differ from the one before only where Table 3 does", () => {
    const changed = (one: object, other: object) =>
      Object.entries(other)
        .filter(([name, value]) => one[name as keyof object] !== value)
        .map(([name]) => name);
    assert.deepEqual(changed(connectorPretraining, closedEndedTuning), [
      "number",
      "name",
      "data",
      "rows",
      "trains",
      "peakLearningRate",
      "warmupRatio",
      "batch",
    ]);
    assert.deepEqual(changed(closedEndedTuning, openEndedTuning), [
      "number",
      "name",
      "data",
      "rows",
    ]);
  });

  it("take rows by length, in windows of 50 batches, unless told otherwise", () => {
    assert.deepEqual(orderOf(connectorPretraining, 3), {
      seed: 3,
      bucketing: { window: 50 * 256, together: 256 },
    });
    const loose = { ...connectorPretraining, groupsByLength: false };
    assert.deepEqual(orderOf(loose, 3), { seed: 3 });
  });

  it("count steps over epochs, and refuse less than a batch", () => {
    const tiny = { ...connectorPretraining, rows: 300 };
    assert.equal(scheduleOf(tiny).steps, 1);
    assert.equal(scheduleOf({ ...tiny, epochs: 3 }).steps, 3);
    assert.throws(() => scheduleOf({ ...tiny, rows: 255 }), {
      name: "RangeError",
      message:
        "scheduleOf: expected rows for a batch of 256, got 255 over 1 epochs " +
        '(stage "connector-pretraining")',
    });
    const batch = { ...tiny.batch, perDevice: 1.5 };
    assert.throws(() => batchingOf({ ...tiny, batch }), {
      name: "RangeError",
      message:
        "batchingOf: expected a whole number of perDevice from 1, got 1.5 " +
        '(stage "connector-pretraining")',
    });
  });
});
