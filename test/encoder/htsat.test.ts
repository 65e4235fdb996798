import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { type Htsat, runHtsat } from "../../lib/encoder/htsat.ts";
import { htsatConfig } from "../../lib/encoder/htsat-config.ts";
import {
  htsatName,
  htsatShapes,
  loadHtsat,
} from "../../lib/encoder/weights/htsat.ts";
import { compile } from "../../lib/engine/compile.ts";
import { distance, randomCheckpoint, startEngine } from "./support.ts";

const config = htsatConfig({
  spec_size: 32,
  num_mel_bins: 16,
  window_size: 4,
  patch_embeds_hidden_size: 8,
  depths: [2, 2],
  num_attention_heads: [1, 2],
});
const shapes = htsatShapes(config);

describe("htsat", () => {
  let htsat: Htsat;
  let mel_BFL: tf.Tensor3D;
  const run = (x_BFL: tf.Tensor3D) => runHtsat(htsat, x_BFL, { config });

  before(async () => {
    await startEngine();
    htsat = await loadHtsat(randomCheckpoint(shapes), config);
    mel_BFL = tf.randomNormal([2, 50, 16], 0, 1, "float32", 17);
  });

  it("gives a clip of a batch what it gives the clip alone", () => {
    const [first_BPE, second_BPE] = tf.split(run(mel_BFL), 2);
    const [first_BFL, second_BFL] = tf.split<tf.Tensor3D>(mel_BFL, 2);
    assert.ok(distance(run(first_BFL), first_BPE) < 1e-5);
    assert.ok(distance(run(second_BFL), second_BPE) < 1e-5);
  });

  it("orders its cells by time, then by frequency", () => {
    // Without blocks a cell is its own pixels' alone: nudge some, see where.
    const stages = htsat.stages.map((stage) => ({ ...stage, blocks: [] }));
    const bare = (x_BFL: tf.Tensor3D) =>
      runHtsat({ ...htsat, stages }, x_BFL, { config });
    const still_BFL = tf.randomNormal<tf.Rank.R3>([1, 64, 16]);
    const nudge = tf.buffer([1, 64, 16]);
    nudge.set(1, 0, 43, 9); // frame 43 of 8 a step, band 9 of 8 a row
    const moved = bare(still_BFL.add(nudge.toTensor()))
      .sub(bare(still_BFL))
      .abs()
      .max(2)
      .dataSync();
    const where = [...moved].flatMap((x, i) => (x > 0 ? i : []));
    assert.deepEqual(where, [5 * 2 + 1]);
  });

  it("gives the same compiled", () => {
    const step = compile(
      (input: { htsat: Htsat; mel_BFL: tf.Tensor3D }) => ({
        features_BPE: runHtsat(input.htsat, input.mel_BFL, { config }),
      }),
      { report: () => {} },
    );
    const eager_BPE = run(mel_BFL);
    for (let i = 0; i < 2; i++) {
      const { features_BPE } = step({ htsat, mel_BFL });
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
    assert.throws(() => run(tf.zeros([1, 65, 16])), /1 to 64 frames, got 65/);
    assert.throws(() => run(tf.zeros([1, 50, 8])), /expected L=16/);
  });
});

describe("loadHtsat", () => {
  for (const prefix of ["", "audio_encoder.", "audio_model.audio_encoder."]) {
    it(`takes names that start with "${prefix}"`, () => {
      for (const name of shapes.keys()) {
        assert.equal(htsatName(`${prefix}${name}`), name);
      }
    });
  }

  it("leaves out CLAP's other parts and what is computed anew", () => {
    for (const name of [
      "text_model.encoder.layer.0.output.dense.weight",
      "text_projection.linear1.weight",
      "audio_projection.linear2.bias",
      "logit_scale_a",
      "audio_model.audio_encoder.batch_norm.num_batches_tracked",
      "audio_model.audio_encoder.layers.0.blocks.0.attention.self." +
        "relative_position_index",
    ]) {
      assert.equal(htsatName(name), undefined);
    }
  });

  it("lists the tensors of another size of CLAP", async () => {
    await startEngine();
    const wider = htsatShapes({ ...config, patchWidth: 12 });
    await assert.rejects(
      loadHtsat(randomCheckpoint(wider), config),
      /0 missing, \d\d of another shape, 0 extra/,
    );
  });
});

describe("htsatConfig", () => {
  const base = { patch_embeds_hidden_size: 128, depths: [2, 2, 12, 2] };
  const count = (raw: Record<string, unknown>) => {
    const all = htsatShapes(htsatConfig(raw));
    const numbers = [...all.values()].map((shape) =>
      shape.reduce((product, n) => product * n, 1),
    );
    return [all.size, numbers.reduce((a, b) => a + b)];
  };

  it("knows the sizes of the published towers", () => {
    // reference of the checkpoints: 344 and 236 tensors, of which one index
    // of 64 x 64 a block and one counter are not read here
    assert.deepEqual(count(base), [344 - 19, 67_898_265 - 18 * 4096 - 1]);
    assert.deepEqual(count({}), [236 - 13, 27_583_769 - 12 * 4096 - 1]);
  });

  it("finds the audio part in a config of the whole of CLAP", () => {
    const whole = { model_type: "clap", audio_config: base };
    assert.deepEqual(htsatConfig(whole), htsatConfig(base));
  });

  it("refuses what the network is not", () => {
    const cases: [Record<string, unknown>, RegExp][] = [
      [{ enable_fusion: true }, /enable_fusion to be false, got true/],
      [{ patch_stride: [2, 2] }, /patch_stride to be \[4,4\], got \[2,2\]/],
      [{ hidden_act: "relu" }, /hidden_act to be "gelu"/],
      [{ depths: "2222" }, /depths to be a list of whole numbers/],
      [{ spec_size: 64 }, /folds into whole .* \(last grid 2\)/],
      [{ num_attention_heads: [4, 8] }, /num_attention_heads \[4,8\]/],
    ];
    for (const [raw, message] of cases) {
      assert.throws(() => htsatConfig(raw), message);
    }
  });
});
