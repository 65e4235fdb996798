import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../lib/engine/compile.ts";
import { normalMatrix } from "../../lib/tensor/layers.ts";
import { random } from "../../lib/tensor/random.ts";
import { adamwDefaults, startAdamw, stepAdamw } from "../../lib/train/adamw.ts";
import { learningRateAt, warmupSteps } from "../../lib/train/schedule.ts";
import { trainerAdamw } from "../../lib/train/stage.ts";
import { assertClose } from "../close.ts";
import { startEngine } from "../use-engine.ts";

const read = (name: string) =>
  JSON.parse(
    readFileSync(
      join(import.meta.dirname, "..", "fixtures", "train", name),
      "utf8",
    ),
  );

describe("learningRateAt", () => {
  const { rates, warmups } = read("schedule.json") as {
    warmups: { steps: number; ratio: number; warmup: number }[];
    rates: { steps: number; ratio: number; rates: number[] }[];
  };
  const schedule = { steps: 100, peakLearningRate: 2, warmupRatio: 0.1 };

  it("warms up for as many steps as transformers' trainer", () => {
    for (const { ratio, steps, warmup } of warmups) {
      const asked = { steps, peakLearningRate: 1, warmupRatio: ratio };
      assert.equal(warmupSteps(asked), warmup, `${steps} at ${ratio}`);
    }
    assert.ok(warmups.length > 50);
  });

  for (const { rates: wanted, ratio, steps } of rates) {
    it(`is transformers' rate at each of ${steps} steps, ratio ${ratio}`, () => {
      const asked = { steps, peakLearningRate: 1, warmupRatio: ratio };
      wanted.forEach((rate, step) => {
        const got = learningRateAt(asked, step);
        assert.ok(
          Math.abs(got - rate) < 1e-15,
          `step ${step}: ${got}, ${rate}`,
        );
      });
      assert.equal(wanted.length, steps);
    });
  }

  it("starts at 0 with a warm-up, and at the peak without", () => {
    assert.equal(learningRateAt(schedule, 0), 0);
    assert.equal(learningRateAt(schedule, 10), 2);
    assert.equal(learningRateAt({ ...schedule, warmupRatio: 0 }, 0), 2);
  });

  it("refuses a step outside of the run, and a ratio that is none", () => {
    assert.throws(() => learningRateAt(schedule, 100), {
      name: "RangeError",
      message: "learningRateAt: expected a step in 0..99, got 100",
    });
    assert.throws(() => warmupSteps({ ...schedule, warmupRatio: 5 }), {
      name: "RangeError",
      message: "warmupSteps: expected a warm-up ratio in 0..1, got 5",
    });
  });
});

interface TorchRun {
  readonly weightDecay: number;
  readonly maxGradientNorm: number;
  readonly start: readonly [number[][], number[]];
  readonly gradients: readonly (readonly [number[][], number[]])[];
  readonly after: readonly {
    readonly steps: number;
    readonly matrix: number[][];
    readonly bias: number[];
  }[];
}

describe("AdamW beside PyTorch's", () => {
  before(startEngine);
  const { runs } = read("adamw.json") as { runs: TorchRun[] };

  for (const { after, gradients, start, ...settings } of runs) {
    it(`has its weights over 50 steps, decay ${settings.weightDecay}`, () => {
      const config = { ...trainerAdamw, ...settings };
      const [matrix, bias] = start;
      let state = startAdamw({ a: tf.tensor2d(matrix), b: tf.tensor1d(bias) });
      const schedule = {
        steps: 50,
        peakLearningRate: 1e-2,
        warmupRatio: 0.1,
      };
      let compared = 0;
      gradients.forEach(([ofMatrix, ofBias], step) => {
        state = stepAdamw(state, [tf.tensor2d(ofMatrix), tf.tensor1d(ofBias)], {
          config,
          learningRate: tf.scalar(learningRateAt(schedule, step)),
          stepNumber: tf.scalar(step + 1),
        });
        const wanted = after.find(({ steps }) => steps === step + 1);
        if (!wanted) return;
        compared++;
        assertClose(state.params.a, wanted.matrix.flat(), { atol: 1e-6 });
        assertClose(state.params.b, wanted.bias, { atol: 1e-6 });
      });
      assert.equal(compared, 4);
    });
  }
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

  it("takes decay off matrices, apart from the gradient, and off norms only if told to", () => {
    const still = { weightDecay: 0.5 };
    const matrix = step({ x: tf.tensor2d([[2]]) }, tf.tensor2d([[0]]), still);
    const norm = step({ x: tf.tensor1d([2]) }, tf.tensor1d([0]), still);
    assertClose(matrix.params.x, [2 - 0.1 * 0.5 * 2]);
    assertClose(norm.params.x, [2]);
    const all = { ...still, decays: "all" } as const;
    const decayed = step({ x: tf.tensor1d([2]) }, tf.tensor1d([0]), all);
    assertClose(decayed.params.x, [2 - 0.1 * 0.5 * 2]);
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

describe("startAdamw", () => {
  before(startEngine);

  it("refuses what cannot be trained, by its name", () => {
    const params = { block: { packed: tf.zeros([1, 2, 3], "int32") } };
    assert.throws(() => startAdamw(params), {
      name: "TypeError",
      message: /expected parameters in float32, got int32 at block.packed; /,
    });
  });
});
