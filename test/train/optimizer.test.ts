import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../lib/engine/compile.ts";
import { normalMatrix } from "../../lib/tensor/layers.ts";
import { random } from "../../lib/tensor/random.ts";
import { adamwDefaults, startAdamw, stepAdamw } from "../../lib/train/adamw.ts";
import { learningRateAt } from "../../lib/train/schedule.ts";
import { assertClose } from "../close.ts";
import { startEngine } from "../use-engine.ts";

describe("learningRateAt", () => {
  const schedule = { steps: 100, peakLearningRate: 2, warmupRatio: 0.1 };
  const rates = Array.from({ length: 100 }, (_, step) =>
    learningRateAt(schedule, step),
  );

  it("climbs to the peak over the warm-up, then only falls", () => {
    assert.ok(Math.abs(rates[0] - 0.2) < 1e-12);
    assert.equal(rates[9], 2);
    assert.ok(rates.slice(10).every((rate, i) => rate <= rates[i + 9]));
  });

  it("is half the peak halfway down, and almost 0 at the end", () => {
    assert.ok(Math.abs(rates[55] - 1) < 1e-12);
    assert.ok(rates[99] > 0 && rates[99] < 1e-3);
  });

  it("refuses a step outside of the run", () => {
    assert.throws(() => learningRateAt(schedule, 100), {
      name: "RangeError",
      message: "learningRateAt: expected a step in 0..99, got 100",
    });
  });
});

describe("stepAdamw", () => {
  before(startEngine);
  const step = (
    params: { x: tf.Tensor },
    gradient: tf.Tensor,
    changes: Partial<typeof adamwDefaults> = {},
  ) =>
    stepAdamw(startAdamw(params), [gradient], {
      config: { ...adamwDefaults, ...changes },
      learningRate: tf.scalar(0.1),
      stepNumber: tf.scalar(1),
    });

  it("first moves each number by the learning rate, against its gradient", () => {
    const { params } = step({ x: tf.tensor1d([1, 1]) }, tf.tensor1d([0.3, -2]));
    assertClose(params.x, [0.9, 1.1], { atol: 1e-5 });
  });

  it("takes decay off matrices, apart from the gradient, and not off norms", () => {
    const still = { weightDecay: 0.5 };
    const matrix = step({ x: tf.tensor2d([[2]]) }, tf.tensor2d([[0]]), still);
    const norm = step({ x: tf.tensor1d([2]) }, tf.tensor1d([0]), still);
    assertClose(matrix.params.x, [2 - 0.1 * 0.5 * 2]);
    assertClose(norm.params.x, [2]);
  });

  it("shortens a gradient that is too long and no other", () => {
    const [{ mean_X }] = step(
      { x: tf.tensor1d([0, 0]) },
      tf.tensor1d([3, 4]),
    ).moments;
    // Length 5 becomes 1; a tenth of it goes into the mean.
    assertClose(mean_X, [0.06, 0.08]);
    const short = step({ x: tf.tensor1d([0]) }, tf.tensor1d([0.5]));
    assertClose(short.moments[0].mean_X, [0.05]);
  });

  it("does two steps as the formulas do", () => {
    const config = { ...adamwDefaults, weightDecay: 0 };
    let state = startAdamw({ x: tf.tensor1d([1]) });
    let [x, m, v] = [1, 0, 0];
    for (const [t, g] of [
      [1, 0.5],
      [2, -0.2],
    ]) {
      state = stepAdamw(state, [tf.tensor1d([g])], {
        config,
        learningRate: tf.scalar(0.1),
        stepNumber: tf.scalar(t),
      });
      m = 0.9 * m + 0.1 * g;
      v = 0.98 * v + 0.02 * g * g;
      x -= (0.1 * m) / (1 - 0.9 ** t) / (Math.sqrt(v / (1 - 0.98 ** t)) + 1e-8);
    }
    assertClose(state.params.x, [x], { atol: 1e-5 });
  });

  it("does a large step, which XLA may join, as it does it op by op", () => {
    const chance = random("large step");
    const matrix = (scale: number) => normalMatrix(chance, [2048, 2050], scale);
    const state = startAdamw({ weight_DX: matrix(1) });
    const gradient = matrix(0.1);
    const step = (input: { state: typeof state; gradient: tf.Tensor2D }) =>
      stepAdamw(input.state, [input.gradient], {
        config: adamwDefaults,
        learningRate: tf.scalar(1e-2),
        stepNumber: tf.scalar(3),
      });
    const compiled = compile(step, { name: "large step" });
    compiled({ state, gradient }); // records
    const [joined, plain] = [compiled, step].map((run) =>
      run({ state, gradient }),
    );
    assertClose(joined.params.weight_DX, plain.params.weight_DX, {
      atol: 1e-6,
    });
    assertClose(joined.moments[0].square_X, plain.moments[0].square_X, {
      rtol: 1e-5,
      atol: 1e-9,
    });
    compiled.dispose();
  });
});
