import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { runSslam, type Sslam, sslamConfig } from "../../lib/encoder/sslam.ts";
import {
  loadSslam,
  sslamName,
  sslamShapes,
} from "../../lib/encoder/weights/sslam.ts";
import { compile } from "../../lib/engine/compile.ts";
import { distance, randomCheckpoint, startEngine } from "./support.ts";

const config = sslamConfig({
  embed_dim: 8,
  depth: 2,
  num_heads: 2,
  max_length: 4,
  mel_bins: 32,
});
const shapes = sslamShapes(config);

describe("sslam", () => {
  let sslam: Sslam;
  let mel_BFL: tf.Tensor3D;
  const run = (x_BFL: tf.Tensor3D) => runSslam(sslam, x_BFL, { config });

  before(async () => {
    await startEngine();
    sslam = await loadSslam(randomCheckpoint(shapes), config);
    mel_BFL = tf.randomNormal([2, 64, 32], 0, 0.5, "float32", 17);
  });

  it("gives a clip of a batch what it gives the clip alone", () => {
    const [first_BPE, second_BPE] = tf.split(run(mel_BFL), 2);
    const [first_BFL, second_BFL] = tf.split<tf.Tensor3D>(mel_BFL, 2);
    assert.ok(distance(run(first_BFL), first_BPE) < 1e-5);
    assert.ok(distance(run(second_BFL), second_BPE) < 1e-5);
  });

  it("orders its patches by time, then by frequency", async () => {
    // Without blocks each feature is its own patch's: nudge one, see where.
    const bare = { ...sslam, blocks: [] };
    const nudge = tf.buffer([2, 64, 32]);
    nudge.set(1, 1, 40, 5); // frame 40, band 5: step 2, band 0
    const moved_BPE = runSslam(bare, mel_BFL.add(nudge.toTensor()), { config })
      .sub(runSslam(bare, mel_BFL, { config }))
      .abs()
      .max(2);
    const moved = [...moved_BPE.dataSync()].flatMap((x, i) => (x > 0 ? i : []));
    assert.deepEqual(moved, [8 + 2 * 2]);
  });

  it("takes shorter pictures with the first positions", () => {
    const short = run(mel_BFL.slice([0, 0, 0], [2, 32, 32]));
    assert.deepEqual(short.shape, [2, 4, 8]);
  });

  it("gives the same compiled", () => {
    const step = compile(
      (input: { sslam: Sslam; mel_BFL: tf.Tensor3D }) => ({
        features_BPE: runSslam(input.sslam, input.mel_BFL, { config }),
      }),
      { report: () => {} },
    );
    const eager_BPE = run(mel_BFL);
    for (let i = 0; i < 2; i++) {
      const { features_BPE } = step({ sslam, mel_BFL });
      assert.ok(distance(features_BPE, eager_BPE) < 1e-5);
    }
    step.dispose();
  });

  it("leaves one tensor behind", () => {
    const before = tf.memory().numTensors;
    run(mel_BFL);
    assert.equal(tf.memory().numTensors, before + 1);
  });

  it("refuses pictures of other sizes", () => {
    const sizes: [number, number, RegExp][] = [
      [64, 48, /expected L=32 in axes BFL, got shape \[1,64,48\]/],
      [60, 32, /a multiple of 16 frames, at most 64, got 60/],
      [80, 32, /at most 64, got 80/],
    ];
    for (const [F, L, message] of sizes) {
      assert.throws(() => run(tf.zeros([1, F, L])), message);
    }
  });
});

describe("loadSslam", () => {
  before(startEngine);

  const fairseq = (name: string) =>
    name.startsWith("blocks.")
      ? name
      : `modality_encoders.IMAGE.${name.replace(/^pre_norm/, "context_encoder.norm")}`;
  const namings = {
    hub: (name: string) => `model.${name}`,
    fairseq,
    "finetuned fairseq": (name: string) => `model.${fairseq(name)}`,
  };
  for (const [scheme, nameOf] of Object.entries(namings)) {
    it(`reads the names of ${scheme} files`, () => {
      for (const name of shapes.keys()) {
        assert.equal(sslamName(nameOf(name)), name);
      }
    });
  }

  it("leaves out decoders, running averages and classifiers", () => {
    for (const name of [
      "_ema",
      "model.fc_norm.weight",
      "model.head.bias",
      "modality_encoders.IMAGE.decoder.proj.weight",
      "decoder.blocks.0.weight",
    ]) {
      assert.equal(sslamName(name), undefined);
    }
  });

  it("refuses whole numbers for weights", async () => {
    const random = randomCheckpoint(shapes);
    const read = async (name: string) => {
      const { shape, values } = await random.read(name);
      return { shape, values: Int32Array.from(values) };
    };
    await assert.rejects(
      loadSslam({ ...random, read }, config),
      /loadSslam: expected fractions, got whole numbers \(tensor "blocks.0/,
    );
  });

  it("takes however many positions a file stores", async () => {
    const more = new Map(shapes);
    more.set("fixed_positional_encoder.positions", [1, 100, 8]);
    const sslam = await loadSslam(randomCheckpoint(more), config);
    assert.deepEqual(sslam.positions_PE.shape, [100, 8]);
  });

  it("lists all that is wrong and frees what it made", async () => {
    const wrong = new Map(shapes);
    wrong.delete("blocks.1.attn.qkv.bias");
    wrong.set("blocks.1.attn.qkv_bias", [24]);
    wrong.set("extra_tokens", [1, 2, 8]);
    const before = tf.memory().numTensors;
    await assert.rejects(
      loadSslam(randomCheckpoint(wrong), config),
      ({ message }: Error) =>
        message.includes("1 missing, 1 of another shape, 1 extra") &&
        message.includes("nearest: blocks.1.attn.qkv_bias") &&
        message.includes("extra_tokens: expected [1,1,8], got [1,2,8]"),
    );
    const broken = randomCheckpoint(shapes);
    const read = async (name: string) => {
      if (name === "pre_norm.bias") throw new Error("disk: expected bytes");
      return broken.read(name);
    };
    await assert.rejects(loadSslam({ ...broken, read }, config), /disk/);
    assert.equal(tf.memory().numTensors, before);
  });
});

describe("sslamConfig", () => {
  it("knows the sizes of the paper's encoder", () => {
    const parameters = [...sslamShapes(sslamConfig({}))].reduce(
      (sum, [, shape]) => sum + shape.reduce((a, b) => a * b, 1),
      0,
    );
    // reference of the checkpoint: 89,972,736 parameters in 150 tensors
    assert.equal(parameters, 89_972_736);
    assert.equal(sslamShapes(sslamConfig({})).size, 150);
  });

  it("refuses what the network is not", () => {
    const cases: [Record<string, unknown>, RegExp][] = [
      [{ layer_norm_first: true }, /layer_norm_first to be false, got true/],
      [{ stride: 8 }, /stride to be 16, got 8/],
      [{ depth: 0 }, /depth to be a whole number from 1 on, got 0/],
      [{ norm_eps: "small" }, /norm_eps to be a number above 0/],
    ];
    for (const [raw, message] of cases) {
      assert.throws(() => sslamConfig(raw), message);
    }
  });
});
