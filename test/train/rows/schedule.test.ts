import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { keptRows, rateRows } from "../../../lib/train/rows/schedule.ts";
import { paperStages } from "../../../lib/train/stage.ts";

describe("rates along the stages", () => {
  const rows = rateRows(paperStages);
  const of = (stage: number) =>
    rows.filter((row) => row.stage === `stage ${stage}`);

  it("reach each stage's peak, and begin each at 0", () => {
    for (const { number, peakLearningRate } of paperStages) {
      const rates = of(number).map(({ rate }) => rate);
      assert.equal(rates[0], 0);
      assert.equal(Math.max(...rates), peakLearningRate);
    }
  });

  it("count steps through: a stage begins where the one before it ends", () => {
    assert.deepEqual(
      [1, 2, 3].map((stage) => of(stage)[0].step),
      [0, 4_650, 4_650 + 19_978],
    );
    const [last] = rows.slice(-1);
    assert.equal(last.step, 4_650 + 19_978 + 59_184 - 1);
    const steps = rows.map(({ step }) => step);
    assert.deepEqual(
      steps,
      [...new Set(steps)].sort((a, b) => a - b),
    );
  });
});

describe("what decay leaves", () => {
  it("is all without decay, and falls from step to step with it", () => {
    assert.ok(keptRows(paperStages, [0]).every(({ kept }) => kept === 100));
    const kept = keptRows(paperStages, [0.1]).map((row) => row.kept);
    assert.ok(kept.slice(1).every((value, i) => value <= kept[i]));
  });

  it("is what the sum of all rates says, while decay is small", () => {
    // Half of a hump's height, over all of its steps.
    const sum = (1e-3 * 4_650 + 1e-4 * (19_978 + 59_184)) / 2;
    const [last] = keptRows(paperStages, [0.1, 0.01]).slice(-1);
    assert.equal(last.decay, "decay 0.01");
    assert.ok(Math.abs(last.kept - 100 * Math.exp(-0.01 * sum)) < 0.01);
  });
});
