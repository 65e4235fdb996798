import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { openCheckpoint } from "../../lib/checkpoint/checkpoint.ts";
import { musicnn } from "../../lib/encoder/declared/musicnn.ts";
import {
  type Musicnn,
  type MusicnnConfig,
  musicnnConfig,
  runMusicnn,
} from "../../lib/encoder/musicnn.ts";
import {
  loadMusicnn,
  musicnnShapes,
} from "../../lib/encoder/weights/musicnn.ts";
import { compile } from "../../lib/engine/compile.ts";
import { readTensors } from "../checkpoint/support.ts";
import { assertClose } from "../close.ts";
import {
  distance,
  parityFolder,
  randomCheckpoint,
  startEngine,
} from "./support.ts";

const tiny = join(parityFolder, "musicnn-tiny");

describe("musicnn", () => {
  let config: MusicnnConfig;
  let weights: Musicnn;
  let mel_BFL: tf.Tensor3D;
  const run = (x_BFL: tf.Tensor3D) => runMusicnn(weights, x_BFL, { config });

  before(async () => {
    await startEngine();
    const checkpoint = await openCheckpoint(tiny);
    assert.ok(musicnn.isOf(checkpoint));
    config = musicnnConfig({}, checkpoint);
    weights = await loadMusicnn(checkpoint, config);
    await checkpoint.close();
    mel_BFL = tf.randomUniform([2, 374, 96], 0, 4, "float32", 17);
  });

  it("gives what the package's network gives a window, filters first", async () => {
    const stored = await readTensors(join(tiny, "io.safetensors"));
    const { values } = stored.get("log_mel")!;
    const picture = values.subarray(0, 187 * 96);
    const features_BPE = run(tf.tensor3d(picture, [1, 187, 96]));
    assertClose(features_BPE, stored.get("midend")!.values, { atol: 5e-5 });
    const front_BPE = features_BPE.slice([0, 0, 0], [1, 187, 22]);
    assertClose(front_BPE, stored.get("frontend")!.values, { atol: 5e-5 });
  });

  it("has a norm that turns a sign in its fixture, or the test were blind", async () => {
    for (const { sign_X } of weights.filters.slice(0, 2)) {
      assert.deepEqual(new Set(sign_X.dataSync()), new Set([1, -1]));
    }
  });

  it("hears each window apart, as if it came alone", () => {
    const [first_BFL, second_BFL] = tf.split<tf.Tensor3D>(mel_BFL, 2, 1);
    const apart_BPE = tf.concat([run(first_BFL), run(second_BFL)], 1);
    assert.ok(distance(run(mel_BFL), apart_BPE) < 1e-5);
  });

  it("leaves out the frames that fill up the last window", () => {
    const filled_BFL = mel_BFL.pad([
      [0, 0],
      [0, 374],
      [0, 0],
    ]) as tf.Tensor3D;
    const features_BPE = run(filled_BFL);
    assert.deepEqual(features_BPE.shape, [2, 626, 34]);
    const begin_BPE = features_BPE.slice([0, 0, 0], [2, 374, 34]);
    assert.ok(distance(begin_BPE, run(mel_BFL)) < 1e-5);
  });

  it("gives the same compiled", () => {
    const step = compile(
      (input: { weights: Musicnn; mel_BFL: tf.Tensor3D }) => ({
        features_BPE: runMusicnn(input.weights, input.mel_BFL, { config }),
      }),
      { report: () => {} },
    );
    const eager_BPE = run(mel_BFL);
    for (let i = 0; i < 2; i++) {
      const { features_BPE } = step({ weights, mel_BFL });
      assert.ok(distance(features_BPE, eager_BPE) < 1e-4);
    }
    step.dispose();
  });

  it("leaves one tensor behind", () => {
    const before = tf.memory().numTensors;
    run(mel_BFL);
    assert.equal(tf.memory().numTensors, before + 1);
  });

  it("refuses pictures that are no whole windows, or of other bands", () => {
    for (const frames of [0, 186, 188]) {
      assert.throws(
        () => run(tf.zeros([1, frames, 96])),
        /^RangeError: runMusicnn: expected whole windows of 187 frames, got \d+ frames/,
      );
    }
    assert.throws(
      () => run(tf.zeros([1, 187, 64])),
      /expected L=96 in axes BFL/,
    );
  });
});

describe("loadMusicnn", () => {
  before(startEngine);

  it("passes over what names tags, and over what an optimizer kept", async () => {
    const config = musicnnConfig(musicnn.small);
    const besides = [
      ["dense/kernel", [8, 3]],
      ["batch_normalization_9/gamma", [8]],
      ["conv2d/kernel/Adam_1", [7, 38, 1, 16]],
      ["beta1_power", []],
    ] as const;
    const shapes = new Map([...musicnnShapes(config), ...besides]);
    const weights = await loadMusicnn(randomCheckpoint(shapes), config);
    assert.equal(weights.filters.length, 5);
    shapes.delete("conv2d_7/bias");
    await assert.rejects(
      loadMusicnn(randomCheckpoint(shapes), config),
      /expected 52 tensors, got 1 missing.*\n {2}missing conv2d_7\/bias/,
    );
  });
});

describe("musicnn's grid", () => {
  const config = musicnnConfig({});
  const grid = musicnn.gridOf(config);

  it("has a cell for each frame of ten seconds, and no frequency", () => {
    assert.deepEqual([grid.axes, grid.steps, grid.bands], [["time"], 626, 1]);
    assert.equal(musicnn.widthOf(config), 753);
    const [from, to] = grid.hertz[0].map(Math.round);
    // Slaney's scale is even below 1 kHz: 97 steps reach 45.25 mel at 8 kHz.
    assert.equal(from, Math.round(((45.245640471924965 / 97 / 2) * 200) / 3));
    assert.ok(to > 7700 && to < 8000);
  });

  it("centers cell i at 16 i ms", () => {
    assert.deepEqual([grid.seconds[0][0], grid.seconds[625][1]], [0, 10]);
    const [from, to] = grid.seconds[300];
    assert.ok(Math.abs((from + to) / 2 - 4.8) < 1e-9);
    assert.ok(Math.abs(to - from - 0.016) < 1e-9);
  });
});
