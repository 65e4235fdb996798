import assert from "node:assert/strict";
import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import type { StoredTensor } from "../../lib/checkpoint/checkpoint.ts";
import { llama32_1b } from "../../lib/llm/config.ts";
import { llamaConfig } from "../../lib/llm/hf-config.ts";
import { llamaShapes, openLlama, packLlama } from "../../lib/llm/weights.ts";
import {
  countParameters,
  disposeTensors,
  leaves,
} from "../../lib/tensor/params.ts";
import { readTensors, safetensorsOf } from "../checkpoint/support.ts";
import { assertClose } from "../close.ts";
import { startEngine } from "../use-engine.ts";

const parity = join(import.meta.dirname, "../fixtures/parity");
const tiny = join(parity, "llama-tiny");
const temporary = mkdtempSync(join(tmpdir(), "pal-lab-llama-"));
after(() => rmSync(temporary, { recursive: true }));

const weights = await readTensors(join(tiny, "model.safetensors"));
const rawConfig = JSON.parse(readFileSync(join(tiny, "config.json"), "utf8"));

/** A folder with the tiny model's config and these tensors. */
function folderWith(tensors: ReadonlyMap<string, StoredTensor>): string {
  const folder = mkdtempSync(join(temporary, "model-"));
  copyFileSync(join(tiny, "config.json"), join(folder, "config.json"));
  writeFileSync(join(folder, "model.safetensors"), safetensorsOf(tensors));
  return folder;
}

/** The tiny model's tensors after a change. */
function changed(change: (tensors: Map<string, StoredTensor>) => void) {
  const tensors = new Map(weights);
  change(tensors);
  return folderWith(tensors);
}

const embedding = () => weights.get("model.embed_tokens.weight")!;

describe("openLlama", () => {
  before(startEngine);

  it("takes names without their first part", async () => {
    const bare = [...weights].map(
      ([name, tensor]) => [name.replace(/^model\./, ""), tensor] as const,
    );
    const { llama } = await openLlama(folderWith(new Map(bare)));
    assertClose(llama.embedding_VD, embedding().values, { atol: 0 });
    const count = [...weights.values()].reduce(
      (sum, { values }) => sum + values.length,
      0,
    );
    assert.equal(countParameters(llama), count);
    disposeTensors(llama);
  });

  it("packs its matrices as packLlama does", async () => {
    const { llama } = await openLlama(tiny);
    const opened = await openLlama(tiny, { weights: "bfloat16" });
    const packed = packLlama(llama);
    assert.equal(countParameters(packed), countParameters(llama));
    const [read, made] = [leaves(opened.llama), leaves(packed)];
    for (const [i, leaf] of read.entries()) {
      assert.deepEqual(leaf.shape, made[i].shape);
      assert.deepEqual(leaf.dataSync(), made[i].dataSync());
    }
    disposeTensors([llama, opened.llama, packed]);
  });

  it("refuses weights of another kind", async () => {
    const weights = "float16" as "bfloat16";
    await assert.rejects(
      openLlama(tiny, { weights }),
      /expected weights "float32" or "bfloat16", got "float16"/,
    );
  });

  it("reads a model in shards", async () => {
    const folder = mkdtempSync(join(temporary, "shards-"));
    copyFileSync(join(tiny, "config.json"), join(folder, "config.json"));
    const weight_map: Record<string, string> = {};
    const half = weights.size / 2;
    for (const [i, part] of [[0, half] as const, [half] as const].entries()) {
      const tensors = new Map([...weights].slice(...part));
      const name = `model-0000${i + 1}-of-00002.safetensors`;
      writeFileSync(join(folder, name), safetensorsOf(tensors));
      for (const tensor of tensors.keys()) weight_map[tensor] = name;
    }
    const index = join(folder, "model.safetensors.index.json");
    writeFileSync(index, JSON.stringify({ metadata: {}, weight_map }));
    const { llama } = await openLlama(folder);
    assertClose(llama.embedding_VD, embedding().values, { atol: 0 });
    disposeTensors(llama);
  });

  it("sets keys and values side by side, each of them turned", async () => {
    const { config, llama } = await openLlama(tiny);
    const { headWidth: H, nKvHeads, width: D } = config;
    const { keyValue_DX } = llama.blocks[1];
    const value_DX = keyValue_DX.slice([0, nKvHeads * H], [D, nKvHeads * H]);
    const stored = weights.get("model.layers.1.self_attn.v_proj.weight")!;
    const rows = tf.tensor2d(stored.values as Float32Array, [nKvHeads * H, D]);
    assertClose(value_DX, rows.transpose(), { atol: 0 });
    disposeTensors(llama);
  });

  it("takes an unembedding only if it is the embedding", async () => {
    const same = changed((tensors) => {
      tensors.set("lm_head.weight", embedding());
    });
    const { llama } = await openLlama(same);
    disposeTensors(llama);
    const other = changed((tensors) => {
      const { shape, values } = embedding();
      tensors.set("lm_head.weight", {
        shape,
        values: values.map((x) => 2 * x),
      });
    });
    await assert.rejects(openLlama(other), {
      name: "RangeError",
      message: /^llamaWeights: expected lm_head.weight equal to model.embed_/,
    });
  });

  it("lists what is missing, extra and misshapen, and frees the rest", async () => {
    const { numTensors } = tf.memory();
    const broken = changed((tensors) => {
      tensors.delete("model.layers.1.mlp.up_proj.weight");
      tensors.set("model.layers.1.mlp.up.weight", embedding());
      tensors.set("model.norm.weight", embedding());
    });
    await assert.rejects(openLlama(broken), {
      name: "RangeError",
      message:
        /1 missing, 1 of another shape, 1 extra .*\n.*missing model.layers.1.mlp.up_proj.weight; nearest: model.layers.1.mlp.up.weight\n.*shape of model.norm.weight: expected \[64\], got \[97,64\]/,
    });
    const poisoned = changed((tensors) => {
      const { shape, values } = tensors.get("model.norm.weight")!;
      const name = "model.norm.weight";
      tensors.set(name, { shape, values: values.map(() => Number.NaN) });
    });
    await assert.rejects(openLlama(poisoned), {
      name: "RangeError",
      message:
        /^llamaWeights: expected finite numbers, got NaN \(tensor "model.norm/,
    });
    assert.equal(tf.memory().numTensors, numTensors);
  });

  it("says what a folder lacks or what else it holds", async () => {
    const nowhere = join(temporary, "nowhere");
    await assert.rejects(openLlama(nowhere), /openLlama: .* got no folder/);
    const bare = mkdtempSync(join(temporary, "bare-"));
    cpSync(join(tiny, "model.safetensors"), join(bare, "model.safetensors"));
    await assert.rejects(
      openLlama(bare),
      /expected a folder with config.json .*, got model.safetensors \(/,
    );
    await assert.rejects(
      openLlama(join(parity, "sslam-tiny-short")),
      /llamaWeights: expected a Llama, got other tensors, like "model\./,
    );
  });
});

describe("llamaShapes", () => {
  it("has the tensors and numbers of Llama 3.2 1B", () => {
    const shapes = [...llamaShapes(llama32_1b).values()];
    // reference/encoders-and-llm.md, 4.3
    assert.equal(shapes.length, 146);
    const numbers = shapes.map((shape) => shape.reduce((a, b) => a * b));
    assert.equal(
      numbers.reduce((a, b) => a + b),
      1_235_814_400,
    );
  });
});

describe("llamaConfig", () => {
  const { name: _, ...sizes } = llama32_1b;
  const scaling = {
    rope_type: "llama3",
    factor: 32,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  };
  const raw = {
    model_type: "llama",
    vocab_size: 128_256,
    hidden_size: 2048,
    intermediate_size: 8192,
    num_hidden_layers: 16,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    head_dim: 64,
    rms_norm_eps: 1e-5,
    max_position_embeddings: 131_072,
    tie_word_embeddings: true,
  };

  it("reads Llama 3.2 1B as transformers 4 and 5 write it", () => {
    for (const rope of [
      { rope_theta: 500_000, rope_scaling: scaling },
      { rope_parameters: { rope_theta: 500_000, ...scaling } },
    ]) {
      const { name, ...read } = llamaConfig({ ...raw, ...rope });
      assert.equal(name, "llama");
      assert.deepEqual(read, sizes);
    }
  });

  it("refuses what its code does not compute", () => {
    for (const [field, value] of Object.entries({
      model_type: "clap",
      hidden_act: "gelu",
      attention_bias: true,
      num_key_value_heads: 3,
      rope_scaling: { rope_type: "yarn" },
    })) {
      assert.throws(() => llamaConfig({ ...rawConfig, [field]: value }), {
        name: "RangeError",
        message: /^llamaConfig: expected /,
      });
    }
  });
});
