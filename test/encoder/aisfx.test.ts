import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { openCheckpoint } from "../../lib/checkpoint/checkpoint.ts";
import {
  type Aisfx,
  type AisfxConfig,
  aisfxConfig,
  runAisfx,
} from "../../lib/encoder/aisfx.ts";
import { aisfx } from "../../lib/encoder/declared/aisfx.ts";
import type { Span } from "../../lib/encoder/sound-grid.ts";
import { aisfxShapes, loadAisfx } from "../../lib/encoder/weights/aisfx.ts";
import { compile } from "../../lib/engine/compile.ts";
import { readTensors } from "../checkpoint/support.ts";
import { assertClose } from "../close.ts";
import {
  distance,
  parityFolder,
  randomCheckpoint,
  startEngine,
} from "./support.ts";

const tiny = join(parityFolder, "aisfx-tiny");

describe("aisfx", () => {
  let config: AisfxConfig;
  let weights: Aisfx;
  let mel_BFL: tf.Tensor3D;
  const run = (x_BFL: tf.Tensor3D) => runAisfx(weights, x_BFL, { config });

  before(async () => {
    await startEngine();
    const file = join(tiny, "checkpoint.pth");
    const checkpoint = await openCheckpoint(file, { part: "0" });
    assert.ok(aisfx.isOf(checkpoint));
    config = aisfxConfig({}, checkpoint);
    weights = await loadAisfx(checkpoint, config);
    await checkpoint.close();
    mel_BFL = tf.randomUniform([2, 104, 96], 0, 1, "float32", 17);
  });

  it("gives what the package's network gives, grid and embedding", async () => {
    const stored = await readTensors(join(tiny, "io.safetensors"));
    const { values } = stored.get("log_mel")!;
    const features_BPE = run(
      tf.tensor3d(values.subarray(0, 88 * 96), [1, 88, 96]),
    );
    const grid_BTLE = features_BPE.reshape<tf.Tensor4D>([1, 11, 12, 32]);
    assertClose(
      grid_BTLE.transpose([0, 3, 1, 2]),
      stored.get("grid_BCTF")!.values,
      { atol: 2e-5 },
    );
    const embedding = grid_BTLE.mean(2).max(1);
    assertClose(embedding, stored.get("embedding")!.values, { atol: 1e-5 });
  });

  it("leaves out frames that fill no cell, as the package's pooling does", () => {
    const whole_BPE = run(mel_BFL.slice([0, 0, 0], [2, 88, 96]));
    const more_BPE = run(mel_BFL.slice([0, 0, 0], [2, 95, 96]));
    assert.deepEqual(more_BPE.shape, whole_BPE.shape);
  });

  it("hears in a cell what is within thirty frames of it", () => {
    const nudge = tf.buffer([2, 104, 96]);
    for (let band = 0; band < 96; band++) nudge.set(1, 1, 50, band);
    const moved_BT = run(mel_BFL.add(nudge.toTensor()))
      .sub(run(mel_BFL))
      .abs()
      .reshape([2, 13, 12 * 32])
      .max(2);
    const [first, second] = moved_BT.arraySync() as number[][];
    assert.ok(first.every((x) => x === 0));
    // Frame 50 is 35 frames behind the end of cell 1, and 30 before cell 10.
    const moved = second.flatMap((x, step) => (x > 0 ? step : []));
    assert.ok(moved[0] >= 2 && moved.at(-1)! <= 10, `${moved}`);
    assert.ok(moved.includes(6));
  });

  it("gives a block of the package its own cells, away from its edges", () => {
    const long_BPE = run(mel_BFL);
    const block_BPE = run(mel_BFL.slice([0, 0, 0], [2, 100, 96]));
    const middle = (x_BPE: tf.Tensor3D) =>
      x_BPE.slice([0, 4 * 12, 0], [2, 4 * 12, 32]);
    assert.ok(distance(middle(block_BPE), middle(long_BPE)) < 1e-6);
  });

  it("gives the same compiled", () => {
    const step = compile(
      (input: { weights: Aisfx; mel_BFL: tf.Tensor3D }) => ({
        features_BPE: runAisfx(input.weights, input.mel_BFL, { config }),
      }),
      { report: () => {} },
    );
    const eager_BPE = run(mel_BFL);
    for (let i = 0; i < 2; i++) {
      const { features_BPE } = step({ weights, mel_BFL });
      assert.ok(distance(features_BPE, eager_BPE) < 1e-5);
    }
    step.dispose();
  });

  it("leaves one tensor behind, and what a tap puts in alone", () => {
    const before = tf.memory().numTensors;
    const donor = tf.zeros([2, 13, 12, 32]);
    const tap = <X extends tf.Tensor>(name: string, x: X) =>
      (name === "blocks.3.hook_out" ? donor : x) as X;
    const made_BPE = runAisfx(weights, mel_BFL, { config, tap });
    assert.equal(made_BPE.max().dataSync()[0], 0);
    assert.equal(donor.isDisposed, false);
    tf.dispose([donor, made_BPE]);
    run(mel_BFL).dispose();
    assert.equal(tf.memory().numTensors, before + 1); // the maximum
  });

  it("refuses pictures of other sizes", () => {
    assert.throws(
      () => run(tf.zeros([1, 7, 96])),
      /^RangeError: runAisfx: expected at least 8 frames, got 7; pad the clip/,
    );
    assert.throws(
      () => run(tf.zeros([1, 16, 64])),
      /expected L=96 in axes BFL/,
    );
  });
});

describe("loadAisfx", () => {
  before(startEngine);

  it("says what is missing, under the package's names", async () => {
    const config = aisfxConfig({ channels: 2 });
    const shapes = new Map(aisfxShapes(config));
    shapes.delete("embedding_net.conv_block3.bn2.running_var");
    const checkpoint = randomCheckpoint(shapes);
    await assert.rejects(
      loadAisfx(checkpoint, config),
      /expected 40 tensors, got 1 missing.*\n {2}missing embedding_net\.conv_block3\.bn2\.running_var/,
    );
  });

  it("refuses channels that are none", () => {
    assert.throws(
      () => aisfxConfig({ channels: 0 }),
      /aisfxConfig: expected channels to be a whole number from 1 on, got 0/,
    );
  });
});

describe("aisfx's grid", () => {
  const config = aisfxConfig({});
  const grid = aisfx.gridOf(config);
  const middle = ([from, to]: Span) => (from + to) / 2;

  it("has 54 steps of 12 bands, and 4.7 million numbers behind them", () => {
    assert.deepEqual([grid.steps, grid.bands], [54, 12]);
    assert.equal(aisfx.widthOf(config), 512);
    const sizes = [...aisfx.shapesOf(config).values()].map((shape) =>
      shape.reduce((product, n) => product * n, 1),
    );
    // As PyTorch counts the package's EmbeddingNet, buffers included.
    assert.equal(
      sizes.reduce((a, b) => a + b, 0),
      4_689_984,
    );
  });

  it("covers the ten seconds, each step around the middle of its frames", () => {
    assert.deepEqual([grid.seconds[0][0], grid.seconds[53][1]], [0, 10]);
    for (let t = 1; t < 53; t++) {
      const wanted = ((8 * t + 3.5) * 1024) / 44_100;
      assert.ok(Math.abs(middle(grid.seconds[t]) - wanted) < 1e-9);
      assert.equal(
        grid.seconds[t][1].toFixed(6),
        grid.seconds[t + 1][0].toFixed(6),
      );
    }
  });

  it("cuts its bands at the mel filters' boundaries", () => {
    // mel(22,050) = 3,923.3; a band is 3,923.3 / 97 wide; eight, less a half
    const hertz = (band: number) =>
      700 * (10 ** ((((band + 0.5) / 97) * 3923.337321740179) / 2595) - 1);
    grid.hertz.forEach(([from, to], i) => {
      assert.ok(Math.abs(from - hertz(8 * i)) < 1e-3);
      assert.ok(Math.abs(to - hertz(8 * (i + 1))) < 1e-3);
    });
  });
});
