import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { forward } from "../../../bench/parity/llama.ts";
import { openCheckpoint } from "../../../lib/checkpoint/checkpoint.ts";
import { openGgufLlama } from "../../../lib/llm/gguf/llama.ts";
import {
  storedTypes,
  writeGgufFolder,
} from "../../../lib/llm/gguf/write-folder.ts";
import { openLlama } from "../../../lib/llm/weights.ts";
import { disposeTensors } from "../../../lib/tensor/params.ts";
import { field, ggufOf, open } from "../../checkpoint/gguf/support.ts";
import { assertClose } from "../../close.ts";
import { startEngine } from "../../use-engine.ts";
import { chatFolder, ggufPath } from "./support.ts";

/** The sizes that every Llama's header has. */
const sizes = [
  field("general.architecture", "llama"),
  field("llama.block_count", 1),
  field("llama.context_length", 16),
  field("llama.embedding_length", 32),
  field("llama.feed_forward_length", 32),
  field("llama.attention.head_count", 2),
  field("llama.attention.layer_norm_rms_epsilon", 1e-5),
];
const without = (key: string) => sizes.filter(([name]) => name !== key);

describe("a GGUF file's Llama", () => {
  before(startEngine);
  const folders: string[] = [];
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  // By the format's own package, rows put back: fixtures/gguf/README.md.
  it("has Hugging Face's names, and its rows in their order", async () => {
    const gguf = await openCheckpoint(ggufPath("tiny.gguf"));
    const { checkpoint, config } = openGgufLlama(gguf);
    const twin = await openCheckpoint(ggufPath("expected.safetensors"));
    assert.deepEqual(
      [...checkpoint.tensors.keys()].sort(),
      [...twin.tensors.keys()].sort(),
    );
    for (const name of twin.tensors.keys()) {
      assert.deepEqual(
        await checkpoint.read(name),
        await twin.read(name),
        name,
      );
    }
    assert.equal(config.rms_norm_eps, 1e-5);
    assert.equal(config.rope_theta, 100_000);
    assert.equal(config.tie_word_embeddings, true);
    await Promise.all([gguf.close(), twin.close()]);
  });

  // By transformers: fixtures/gguf/make.py.
  it("written as a folder gives transformers' streams and scores", async () => {
    const folder = await chatFolder();
    folders.push(folder);
    const { config, llama } = await openLlama(folder);
    const io = await openCheckpoint(ggufPath("chat.safetensors"));
    const { values } = await io.read("input_ids");
    const tokens_BT = tf.tensor2d([[...values]], undefined, "int32");
    const found = forward(llama, tokens_BT, config);
    assert.deepEqual([...found.keys()].sort(), [
      ...["hidden_0", "hidden_1", "hidden_2", "logits"],
    ]);
    for (const [name, { shape, values }] of found) {
      const wanted = await io.read(name);
      assert.deepEqual(shape, wanted.shape);
      assertClose([...values], [...wanted.values], { atol: 1e-4 });
    }
    disposeTensors(llama);
    tokens_BT.dispose();
    await io.close();
  });

  it("tells how its numbers were stored", async () => {
    const gguf = await openCheckpoint(ggufPath("tiny.gguf"));
    assert.equal(storedTypes(gguf), "1 Q8_0, 14 Q4_1, 5 F32");
    await gguf.close();
  });

  it("refuses another architecture, which it names", async () => {
    const other = [
      ...without("general.architecture"),
      field("general.architecture", "qwen2"),
    ];
    const gguf = await open(ggufOf(other));
    assert.throws(
      () => openGgufLlama(gguf),
      /^RangeError: openGgufLlama: expected the architecture "llama", got "qwen2" \(test\.gguf\)$/,
    );
  });

  it("refuses what would be read as another model than it is", async () => {
    for (const [key, value] of [
      ["llama.expert_count", 8],
      ["llama.rope.scaling.type", "yarn"],
      ["llama.rope.scale_linear", 4],
    ] as const) {
      const gguf = await open(ggufOf([...sizes, field(key, value)]));
      assert.throws(
        () => openGgufLlama(gguf),
        new RegExp(`a Llama without ${key}, got ${value} `),
      );
    }
    const part = field("llama.rope.dimension_count", 8);
    const partly = await open(ggufOf([...sizes, part]));
    assert.throws(() => openGgufLlama(partly), /got 8 turning of 16 numbers/);
  });

  it("says which size is missing or wrong", async () => {
    const gguf = await open(ggufOf(without("llama.block_count")));
    assert.throws(
      () => openGgufLlama(gguf),
      /expected llama\.block_count to be a whole number from 1 on, got nothing/,
    );
    const wrong = [
      ...without("llama.block_count"),
      field("llama.block_count", "two"),
    ];
    const text = await open(ggufOf(wrong));
    assert.throws(() => openGgufLlama(text), /got two \(test\.gguf\)/);
  });

  it("leaves no weights where a tensor is missing, extra or unread", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pal-gguf-none-"));
    folders.push(folder);
    const tokens = await openCheckpoint(ggufPath("chat.gguf"));
    const tensors = new Map(tokens.tensors);
    tensors.delete("blk.1.ffn_up.weight");
    tensors.set("blk.0.attn_q.bias", { shape: [64], dtype: "F32" });
    await assert.rejects(
      writeGgufFolder({ ...tokens, tensors }, folder),
      /1 missing, 0 of another shape, 1 extra[\s\S]*missing model\.layers\.1\.mlp\.up_proj\.weight[\s\S]*extra blk\.0\.attn_q\.bias/,
    );
    assert.deepEqual(readdirSync(folder), []);
    const read = async (name: string) => {
      if (name === "output_norm.weight") throw new RangeError("got Q4_K");
      return tokens.read(name);
    };
    await assert.rejects(writeGgufFolder({ ...tokens, read }, folder), /Q4_K/);
    assert.ok(!readdirSync(folder).includes("model.safetensors"));
    await tokens.close();
  });
});
