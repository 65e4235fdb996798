import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { choiceRows, stageRows } from "../../../lib/train/rows/stages.ts";
import {
  connectorPretraining,
  ltuLoss,
  paperStages,
} from "../../../lib/train/stage.ts";

describe("Table 3 as rows", () => {
  it("has every row of the data in a step, or among those left out", () => {
    for (const [i, { left, rows, steps }] of stageRows(paperStages).entries()) {
      const { accumulation, devices, perDevice } = paperStages[i].batch;
      const size = devices * perDevice * accumulation;
      assert.equal(steps * size + left, rows);
      assert.ok(left < size);
    }
  });

  it("tells what is given and what follows from it", () => {
    assert.deepEqual(stageRows(paperStages)[0], {
      stage: 1,
      data: "classification",
      rows: 1_190_489,
      epochs: 1,
      batch: "2 x 32 x 4",
      steps: 4_650,
      warmup: 233,
      left: 89,
      peak: 1e-3,
      trains: "connector",
    });
  });
});

describe("what Table 3 leaves open", () => {
  const hereOf = (rows: ReturnType<typeof choiceRows>, choice: string) =>
    rows.find((row) => row.choice === choice)?.here;

  it("is told from the stage's own fields", () => {
    const ours = choiceRows(connectorPretraining);
    assert.equal(hereOf(ours, "weight decay"), "0, of matrices alone");
    assert.equal(hereOf(ours, "tokens that count"), "the answer's alone");
    const other = choiceRows({
      ...connectorPretraining,
      loss: ltuLoss,
      adamw: {
        ...connectorPretraining.adamw,
        weightDecay: 0.1,
        decays: "all",
        maxGradientNorm: 5,
      },
    });
    assert.equal(hereOf(other, "weight decay"), "0.1, of all weights");
    assert.equal(hereOf(other, "tokens that count"), "prompt and answer");
    assert.equal(hereOf(other, "mean over"), "each micro-batch");
    assert.match(hereOf(other, "longest gradient") ?? "", /^5,/);
  });
});
