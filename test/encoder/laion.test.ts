import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import type {
  Checkpoint,
  StoredTensor,
  TensorInfo,
} from "../../lib/checkpoint/checkpoint.ts";
import { htsatConfig } from "../../lib/encoder/htsat-config.ts";
import { readEncoder } from "../../lib/encoder/pretrained.ts";
import { htsatShapes, loadHtsat } from "../../lib/encoder/weights/htsat.ts";
import { fromLaion } from "../../lib/encoder/weights/laion.ts";
import { disposeTensors, leaves } from "../../lib/tensor/params.ts";
import { assertClose } from "../close.ts";
import { randomCheckpoint, startEngine } from "./support.ts";

const raw = { patch_embeds_hidden_size: 32, depths: [2, 2, 4, 2] };
const config = htsatConfig(raw);
const official = randomCheckpoint(htsatShapes(config));

/** The names of reference/encoders-and-llm.md, section 2.4. */
const laionNames = [
  ["layernorm_before", "norm1"],
  ["layernorm_after", "norm2"],
  ["attention.output.dense", "attn.proj"],
  ["intermediate.dense", "mlp.fc1"],
  ["output.dense", "mlp.fc2"],
] as const;

function laionName(name: string): string {
  const table = "attention.self.relative_position_bias_table";
  const bare = name
    .replace(/^batch_norm\./, "bn0.")
    .replace(table, "attn.relative_position_bias_table");
  const [from, to] = laionNames.find(([from]) => bare.includes(from)) ?? [];
  return from === undefined ? bare : bare.replace(from, to);
}

/** The same numbers as LAION's training program keeps them. */
async function laionCheckpoint(prefix: string): Promise<Checkpoint> {
  const stored = new Map<string, StoredTensor>();
  const add = (name: string, tensor: StoredTensor) =>
    stored.set(`${prefix}${name}`, tensor);
  for (const name of official.tensors.keys()) {
    if (/\.(key|value)\./.test(name)) continue;
    if (!name.includes(".query.")) {
      add(laionName(name), await official.read(name));
      continue;
    }
    const all = [];
    for (const part of ["query", "key", "value"]) {
      all.push(await official.read(name.replace("query", part)));
    }
    const [{ shape }] = all;
    add(name.replace("attention.self.query", "attn.qkv"), {
      shape: [3 * shape[0], ...shape.slice(1)],
      values: Float32Array.from(all.flatMap(({ values }) => [...values])),
    });
  }
  const other = { shape: [1], values: Float32Array.of(7) };
  for (const name of [
    ...["audio_branch.head.weight", "audio_branch.tscam_conv.bias"],
    ...["audio_branch.spectrogram_extractor.stft.conv_real.weight"],
    ...["audio_branch.logmel_extractor.melW", "text_branch.pooler.bias"],
    ...["audio_branch.layers.0.blocks.1.attn_mask", "logit_scale_a"],
    ...["audio_branch.layers.0.blocks.0.attn.relative_position_index"],
    ...["audio_branch.bn0.num_batches_tracked", "text_projection.0.weight"],
  ]) {
    stored.set(`${prefix.replace("audio_branch.", "")}${name}`, other);
  }
  const tensors = new Map<string, TensorInfo>(
    [...stored].map(([name, { shape }]) => [name, { dtype: "F32", shape }]),
  );
  const read = async (name: string) => stored.get(name)!;
  return { name: "laion", tensors, read, close: async () => {} };
}

describe("a checkpoint of LAION's own code", () => {
  before(startEngine);

  for (const prefix of ["module.audio_branch.", "audio_branch."]) {
    it(`is the same tower under ${prefix}`, async () => {
      const laion = await laionCheckpoint(prefix);
      assert.ok(laion.tensors.has(`${prefix}layers.2.blocks.3.attn.qkv.bias`));
      const ours = await loadHtsat(laion, config);
      const theirs = await loadHtsat(official, config);
      const expected = leaves(theirs);
      for (const [i, leaf] of leaves(ours).entries()) {
        assertClose(leaf, expected[i], { atol: 0 });
      }
      disposeTensors([ours, theirs]);
    });
  }

  it("tells its sizes without a config.json", async () => {
    const laion = await laionCheckpoint("module.audio_branch.");
    const encoder = await readEncoder(laion, {});
    assert.deepEqual(encoder.config, config);
    assert.deepEqual([encoder.name, encoder.width], ["clap", 256]);
    encoder.dispose();
  });

  it("is refused with a list where a stack is no stack of three", async () => {
    const before = tf.memory().numTensors;
    const laion = await laionCheckpoint("audio_branch.");
    const tensors = new Map(laion.tensors);
    const name = "audio_branch.layers.0.blocks.0.attn.qkv.weight";
    tensors.set(name, { dtype: "F32", shape: [95, 32] });
    await assert.rejects(
      loadHtsat({ ...laion, tensors }, config),
      /0 missing, 3 of another shape, 0 extra/,
    );
    assert.equal(tf.memory().numTensors, before);
  });

  it("keeps the tensors of the tower only", async () => {
    const laion = fromLaion(await laionCheckpoint("audio_branch."));
    // Two more are known to transformers, and left out like its own.
    const rest = [...laion.tensors.keys()].filter(
      (name) => !official.tensors.has(name),
    );
    assert.deepEqual(rest, [
      "layers.0.blocks.0.attention.self.relative_position_index",
      "batch_norm.num_batches_tracked",
    ]);
  });
});
