import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { leaves } from "../../lib/tensor/params.ts";
import { adamwDefaults, startAdamw, stepAdamw } from "../../lib/train/adamw.ts";
import {
  groupParameters,
  type ParameterGroup,
} from "../../lib/train/groups.ts";
import { assertClose } from "../close.ts";
import { startEngine } from "../use-engine.ts";

const params = () => ({
  llama: { blocks: [tf.tensor2d([[2, -1]]), tf.tensor1d([3])] },
  connector: { query: tf.tensor2d([[1], [4]]) },
});
const gradients = () => [
  tf.tensor2d([[30], [40]]), // connector.query: the order is by name
  tf.tensor2d([[0.3, 0]]),
  tf.tensor1d([0.4]),
];

/** Parameters after one step, by name order. */
function stepWith(groups?: readonly ParameterGroup[], decay = 0) {
  const config = { ...adamwDefaults, weightDecay: decay, groups };
  const { params: moved } = stepAdamw(
    startAdamw(params(), config),
    gradients(),
    {
      config,
      learningRate: tf.scalar(0.1),
      stepNumber: tf.scalar(1),
    },
  );
  return leaves(moved).map((leaf) => [...leaf.dataSync()]);
}

describe("groupParameters", () => {
  before(startEngine);

  it("gives every parameter to the first group that fits its name", () => {
    const groups = [
      { names: "llama.blocks.1" },
      { names: "llama" },
      { names: "" },
    ];
    const places = groupParameters(params(), groups).map((one) => one.places);
    assert.deepEqual(places, [[2], [1], [0]]);
  });

  it("refuses a parameter without a group, and a group without any", () => {
    assert.throws(() => groupParameters(params(), [{ names: "llama" }]), {
      name: "RangeError",
      message:
        "groupParameters: expected a group for every parameter, got none for " +
        'connector.query; groups: "llama"',
    });
    const groups = [{ names: "" }, { names: "lama" }];
    assert.throws(() => groupParameters(params(), groups), {
      name: "RangeError",
      message: /expected parameters in "lama", got none/,
    });
  });

  it("does not take a name for the beginning of a longer word", () => {
    const tree = { conn: tf.scalar(1), connector: tf.scalar(2) };
    const groups = [{ names: "conn" }, { names: "" }];
    const places = groupParameters(tree, groups).map((one) => one.places);
    assert.deepEqual(places, [[0], [1]]);
  });
});

describe("stepAdamw with groups", () => {
  before(startEngine);

  it("does with two equal groups what it does with one", () => {
    const two = stepWith([{ names: "llama" }, { names: "connector" }], 0.1);
    stepWith(undefined, 0.1).forEach((leaf, i) => {
      assertClose(two[i], leaf, { atol: 1e-6 });
    });
  });

  it("gives each group its rate and its decay", () => {
    const [query, matrix, norm] = stepWith([
      { names: "connector", rateFactor: 2, weightDecay: 0.5 },
      { names: "llama" },
    ]);
    // A first step moves by the rate; decay takes rate x decay off a matrix.
    assertClose(query, [1 - 0.1 - 0.2, 4 - 0.4 - 0.2], { atol: 1e-4 });
    assertClose(matrix, [1.9, -1], { atol: 1e-4 });
    assertClose(norm, [2.9], { atol: 1e-4 });
  });

  it("clips a group alone where it asks for it, and the others together", () => {
    const moments = (groups?: readonly ParameterGroup[]) => {
      const config = { ...adamwDefaults, groups };
      const state = startAdamw(params(), config);
      const after = stepAdamw(state, gradients(), {
        config,
        learningRate: tf.scalar(0.1),
        stepNumber: tf.scalar(1),
      });
      return after.moments.map(({ mean_X }) => [...mean_X.dataSync()]);
    };
    const [connector, llama] = moments([
      { names: "connector", maxGradientNorm: 5 },
      { names: "llama" },
    ]);
    // 50 long, cut to 5; the mean takes a tenth. The other is 0.5 long.
    assertClose(connector, [0.3, 0.4], { atol: 1e-6 });
    assertClose(llama, [0.03, 0, 0.04], { atol: 1e-6 });
    const [all] = moments();
    const length = Math.hypot(...all);
    assertClose([length], [0.1], { atol: 1e-6 });
  });
});
