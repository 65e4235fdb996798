import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { fit } from "../../lib/train/fit.ts";
import type { Training } from "../../lib/train/training.ts";
import { assertClose, distance } from "../close.ts";
import { startEngine } from "../use-engine.ts";

type Line = { slope: tf.Tensor1D };
type Points = { x: tf.Tensor1D };

/** Finds the frozen slope from points on its line. */
const run = (changes: Partial<Training<Line, Line, Points>> = {}) => ({
  name: "line",
  params: { slope: tf.tensor1d([0]) },
  frozen: { slope: tf.tensor1d([1.5]) },
  loss: (params: Line, frozen: Line, { x }: Points) =>
    x.mul(params.slope.sub(frozen.slope)).square().mean() as tf.Scalar,
  batchAt: (step: number) => ({ x: tf.tensor1d([1, 2 + (step % 3)]) }),
  schedule: { steps: 60, peakLearningRate: 0.1, warmupRatio: 0.1 },
  ...changes,
});

describe("fit", () => {
  before(startEngine);

  it("finds what makes the loss small, and moves nothing that is frozen", async () => {
    const line = run();
    const { losses, params } = await fit(line);
    assert.equal(losses.length, 60);
    assert.ok(losses[59] < 0.01 * losses[0]);
    assert.ok(distance(params.slope, line.frozen.slope) < 0.1);
    assertClose(line.frozen.slope, [1.5], { atol: 0 });
    assertClose(line.params.slope, [0], { atol: 0 });
  });

  it("gives the same numbers twice", async () => {
    const [one, two] = [await fit(run()), await fit(run())];
    assert.deepEqual(one.losses, two.losses);
  });

  it("trains under XLA as without, but for last bits", async () => {
    const [plain, compiled] = [await fit(run()), await fit(run({ xla: true }))];
    assertClose(compiled.params.slope, plain.params.slope.dataSync(), {
      atol: 1e-5,
    });
  });

  it("leaves the trained parameters behind and nothing else", async () => {
    const line = run();
    const held = tf.memory().numTensors;
    await fit(line);
    assert.equal(tf.memory().numTensors, held + 1);
  });

  it("stops before its next step when the signal says so", async () => {
    const controller = new AbortController();
    const line = run();
    const held = tf.memory().numTensors;
    let last = 0;
    const onStep = ({ step }: { step: number }) => {
      last = step;
      if (step === 3) controller.abort(new Error("enough"));
    };
    const { signal } = controller;
    await assert.rejects(fit(line, { signal, onStep }), /enough/);
    assert.equal(last, 3);
    assert.equal(tf.memory().numTensors, held);
  });

  it("refuses to go on with a loss that is no number", async () => {
    const lost = run({
      batchAt: () => ({ x: tf.tensor1d([Number.NaN]) }),
    });
    await assert.rejects(fit(lost), {
      name: "RangeError",
      message:
        "fit: expected a finite loss, got NaN (line, step 0); " +
        "lower peakLearningRate or lengthen the warm-up",
    });
  });
});
