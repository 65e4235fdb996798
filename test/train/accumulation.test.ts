import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs";
import { normalMatrix } from "../../lib/tensor/layers.ts";
import { leaves, toPlain } from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import { fit } from "../../lib/train/fit.ts";
import { openStepper } from "../../lib/train/stepper.ts";
import { begin, type Training } from "../../lib/train/training.ts";
import { assertClose, distance } from "../close.ts";
import { startEngine } from "../use-engine.ts";

type Net = { up: tf.Tensor2D; down: tf.Tensor2D };
type Rows = { x: tf.Tensor2D; weight: tf.Tensor2D };

const rows = 12;

/** Rows `from` to `to` of a step; some count for nothing, unevenly. */
function rowsOf(step: number, from: number, to: number): Rows {
  const chance = random("rows", step);
  const x = normalMatrix(chance, [rows, 4], 1);
  const counts = [1, 0, 0, 1, 0, 1, 1, 1, 0, 1, 1, 1];
  return {
    x: x.slice([from, 0], [to - from, 4]),
    weight: tf.tensor2d(counts.slice(from, to), [to - from, 1]),
  };
}

/** A mean over the rows that count, in `nMicroBatches` parts. */
const training = (
  nMicroBatches: number,
  changes: Partial<Training<Net, [], Rows>> = {},
): Training<Net, [], Rows> => ({
  name: "net",
  params: {
    up: normalMatrix(random("up"), [4, 6], 0.5),
    down: normalMatrix(random("down"), [6, 4], 0.5),
  },
  frozen: [] as [],
  loss: ({ down, up }, _, { weight, x }) => {
    const error = x.matMul(up).tanh().matMul(down).sub(x.mul(2)).square();
    return error.mul(weight).sum().div(weight.sum());
  },
  nMicroBatches,
  weightOf: ({ weight }) => weight.sum(),
  tokensOf: ({ weight }) => weight.sum().dataSync()[0],
  batchAt: (step, micro) => {
    const size = rows / nMicroBatches;
    return rowsOf(step, micro * size, (micro + 1) * size);
  },
  schedule: { steps: 20, peakLearningRate: 0.02, warmupRatio: 0.1 },
  ...changes,
});

describe("gradient accumulation", () => {
  before(startEngine);

  for (const n of [2, 4]) {
    it(`trains on ${n} parts as on the whole, each token the same`, async () => {
      const whole = await fit(training(1));
      const parts = await fit(training(n));
      assertClose(parts.losses, whole.losses, { rtol: 1e-6, atol: 1e-6 });
      for (const [i, leaf] of leaves(parts.params).entries()) {
        assertClose(leaf, leaves(whole.params)[i], { atol: 1e-6 });
      }
    });
  }

  it("is another training where each part counts the same", async () => {
    const whole = await fit(training(1));
    const parts = await fit(training(4, { weightOf: undefined }));
    assert.ok(distance(parts.params.up, whole.params.up) > 1e-3);
  });

  it("takes one step and one decay for all of its parts", async () => {
    const reports: number[][] = [];
    await fit(training(4), {
      onStep: ({ learningRate, step, tokens }) =>
        reports.push([step, learningRate, tokens]),
    });
    assert.equal(reports.length, 20);
    assert.deepEqual(reports[0], [1, 0, 8]);
    assert.equal(reports[2][1], 0.02);
  });

  it("gives the same bytes again, from any step on", async () => {
    const run = training(3);
    const stepper = openStepper(run, begin(run));
    while (stepper.step < 7) await stepper.next();
    const half = stepper.progress();
    while (stepper.step < 20) await stepper.next();
    const again = openStepper(run, half);
    while (again.step < 20) await again.next();
    assert.deepEqual(
      toPlain(again.progress().state),
      toPlain(stepper.progress().state),
    );
    for (const one of [stepper, again]) one.dispose();
  });

  it("tells the gradient of each group before it is shortened", async () => {
    const groups = [{ names: "up" }, { names: "down" }];
    const { adamwDefaults } = await import("../../lib/train/adamw.ts");
    const config = { ...adamwDefaults, maxGradientNorm: 1e-3, groups };
    const told: Record<string, number>[] = [];
    await fit(training(2, { adamw: config }), {
      onStep: ({ gradientNorms }) => told.push({ ...gradientNorms }),
    });
    const run = training(1);
    const batch = rowsOf(0, 0, rows);
    const { grads } = tf.valueAndGrads((up: tf.Tensor, down: tf.Tensor) =>
      run.loss({ up, down } as Net, [], batch),
    )([run.params.up, run.params.down]);
    assertClose(
      [told[0].up, told[0].down],
      grads.map((grad) => grad.norm().dataSync()[0]),
    );
  });

  it("refuses parts of none", () => {
    const run = training(1, { nMicroBatches: 0 });
    assert.throws(() => openStepper(run, begin(run)), {
      name: "RangeError",
      message:
        "openStepper: expected a whole number of micro-batches from 1, " +
        "got 0 (net)",
    });
  });

  it("tells how long a step waited for all its batches", async () => {
    const { batchAt } = training(2);
    const slow = training(2, {
      batchAt: async (...at) => {
        await sleep(at[0] === 0 ? 0 : 30);
        return batchAt(...at);
      },
      schedule: { steps: 2, peakLearningRate: 0.02, warmupRatio: 0 },
    });
    const told: [waitMs: number, seconds: number][] = [];
    await fit(slow, {
      onStep: ({ seconds, waitMs }) => told.push([waitMs, seconds]),
    });
    const [, [waitMs, seconds]] = told;
    // A timer may fire a millisecond early.
    assert.ok(waitMs >= 58 && waitMs <= 1000 * seconds, `${waitMs} ms`);
  });
});
