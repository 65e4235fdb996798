import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { writeSafetensors } from "../../lib/checkpoint/write-safetensors.ts";
import { normalMatrix } from "../../lib/tensor/layers.ts";
import { disposeTensors, toPlain } from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import { goOn } from "../../lib/train/fit.ts";
import { openTrainState, saveTrainState } from "../../lib/train/state.ts";
import { begin, type Training } from "../../lib/train/training.ts";
import { startEngine } from "../use-engine.ts";

const folder = mkdtempSync(join(tmpdir(), "pal-state-"));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, "state.safetensors");

type Net = { up: tf.Tensor2D; down: tf.Tensor2D; bias: tf.Tensor1D };
type Batch = { x: tf.Tensor2D };

const net = (): Net => ({
  up: normalMatrix(random("up"), [4, 6], 0.5),
  down: normalMatrix(random("down"), [6, 4], 0.5),
  bias: tf.zeros([4]),
});
const groups = [{ names: "up", rateFactor: 3 }, { names: "" }];

const training = (changes: Partial<Training<Net, [], Batch>> = {}) => ({
  name: "net",
  params: net(),
  frozen: [] as [],
  loss: ({ bias, down, up }: Net, _: [], { x }: Batch): tf.Scalar =>
    x.matMul(up).tanh().matMul(down).add(bias).sub(x.mul(2)).square().mean(),
  batchAt: (step: number) => ({
    x: normalMatrix(random("batch", step), [3, 4], 1),
  }),
  schedule: { steps: 12, peakLearningRate: 0.05, warmupRatio: 0.2 },
  ...changes,
});

describe("a training that is saved and goes on", () => {
  before(startEngine);

  for (const [what, adamw] of [
    ["one group", undefined],
    ["two groups", { groups }],
  ] as const) {
    it(`ends with the same bytes as one that never stopped (${what})`, async () => {
      const { adamwDefaults } = await import("../../lib/train/adamw.ts");
      const config = { ...adamwDefaults, ...adamw };
      const run = training({ adamw: config });
      const whole = await goOn(run, begin(run));

      const half = await goOn(run, begin(run), { until: 5 });
      const place = 5 * 3;
      const settings = { design: "net", seed: 1 };
      const state = { progress: half.progress, place, settings };
      saveTrainState(path, state, config);
      disposeTensors(half.progress.state);
      const opened = await openTrainState(path, net(), config);
      assert.equal(opened.place, place);
      assert.deepEqual(opened.settings, settings);
      const rest = await goOn(run, opened.progress);

      assert.deepEqual([...half.losses, ...rest.losses], [...whole.losses]);
      assert.deepEqual(
        toPlain(rest.progress.state),
        toPlain(whole.progress.state),
      );
    });
  }

  it("is found again by name, whatever order the fields were written in", async () => {
    const run = training();
    const { progress } = await goOn(run, begin(run), { until: 3 });
    saveTrainState(path, { progress, place: 0, settings: null });
    const { bias, down, up } = net();
    const opened = await openTrainState(path, { up, bias, down });
    assert.deepEqual(toPlain(opened.progress.state), toPlain(progress.state));
    const again = join(folder, "again.safetensors");
    saveTrainState(again, opened);
    assert.deepEqual(readFileSync(again), readFileSync(path));
    rmSync(again);
  });

  it("leaves one file, and no tensor behind", async () => {
    const run = training();
    const { progress } = await goOn(run, begin(run), { until: 1 });
    const held = tf.memory().numTensors;
    saveTrainState(path, { progress, place: 0, settings: null });
    assert.equal(tf.memory().numTensors, held);
    assert.deepEqual(readdirSync(folder), ["state.safetensors"]);
  });

  it("refuses weights of another form, and a file without a state", async () => {
    const run = training();
    const { progress } = await goOn(run, begin(run), { until: 1 });
    saveTrainState(path, { progress, place: 0, settings: null });
    const { bias, up } = net();
    const held = tf.memory().numTensors;
    await assert.rejects(openTrainState(path, { up, bias, other: up }), {
      name: "RangeError",
      message: /^openTrainState: expected 9 tensors, got 3 missing/,
    });
    assert.equal(tf.memory().numTensors, held);
    const { state, step } = progress;
    const up_NaN = tf.fill([4, 6], Number.NaN) as tf.Tensor2D;
    const params = { ...state.params, up: up_NaN };
    const broken = { state: { ...state, params }, step };
    saveTrainState(path, { progress: broken, place: 0, settings: null });
    await assert.rejects(openTrainState(path, net()), {
      name: "RangeError",
      message: /expected finite numbers, got NaN \(tensor "params\.up"/,
    });
    writeSafetensors(path, { up });
    await assert.rejects(openTrainState(path, { up }), {
      name: "TypeError",
      message: /expected a training's state, got a checkpoint without/,
    });
  });
});
