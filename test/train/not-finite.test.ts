import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { readRun } from "../../lib/runlog/record.ts";
import { runTraining } from "../../lib/train/run/run-training.ts";
import { startEngine } from "../use-engine.ts";
import { tinyOptions } from "./tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "pal-not-finite-"));
after(() => rmSync(folder, { recursive: true }));

describe("a loss that is no number", () => {
  before(startEngine);

  it("stops the run, and leaves its batch beside the last checkpoint", async () => {
    const run = runTraining(
      {
        name: "line",
        params: { slope: tf.tensor1d([1]) },
        frozen: [] as [],
        loss: ({ slope }: { slope: tf.Tensor1D }, _: [], { x }): tf.Scalar =>
          x.mul(slope).square().mean(),
        batchAt: (step: number) => ({
          x: tf.tensor1d([step === 3 ? Number.NaN : 1]),
        }),
        schedule: { steps: 9, peakLearningRate: 0.1, warmupRatio: 0 },
      },
      {
        ...tinyOptions(folder),
        batchOf: async (step) => [`row ${step}`],
      },
      () => assert.fail("expected no weights of it"),
    );
    const path = join(folder, "not-finite-step-3.json");
    await assert.rejects(run, ({ message }: Error) => {
      assert.match(message, /expected a finite loss, got NaN \(line, step 3\)/);
      return message.includes(path);
    });
    const { batch, step } = JSON.parse(readFileSync(path, "utf8"));
    assert.deepEqual([batch, step], [["row 3"], 3]);
    const { message, outcome, steps } = readRun(join(folder, "run.json"));
    assert.deepEqual([outcome, steps], ["failed", 3]);
    assert.match(message!, /expected a finite loss, got NaN/);
  });
});
