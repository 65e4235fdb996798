import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { forward } from "../../bench/parity/llama.ts";
import { readSource } from "../../lib/hub/source.ts";
import { chatTokens } from "../../lib/llm/chat.ts";
import { openGenerator } from "../../lib/llm/generate.ts";
import { llamaConfig } from "../../lib/llm/hf-config.ts";
import { openTokenizer } from "../../lib/llm/hf-tokenizer.ts";
import { countLlama } from "../../lib/llm/llama.ts";
import { readLlmManifest } from "../../lib/llm/published.ts";
import { openLlama } from "../../lib/llm/weights.ts";
import { disposeTensors } from "../../lib/tensor/params.ts";
import { startEngine } from "../use-engine.ts";

const root = resolve(import.meta.dirname, "..", "..");
const manifests = join(root, "data-manifests");
const manifest = join(manifests, "language-models.json");

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly pattern?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/** What of a value is not as a schema, of the kind used here, has it. */
function faults(
  value: unknown,
  schema: Schema,
  whole: Schema,
  at: string,
): string[] {
  if (schema.$ref) {
    const name = schema.$ref.replace("#/$defs/", "");
    return faults(value, whole.$defs![name], whole, at);
  }
  if (schema.items) {
    return (value as unknown[]).flatMap((item, i) =>
      faults(item, schema.items!, whole, `${at}[${i}]`),
    );
  }
  if (schema.properties) {
    const fields = Object.entries(value as object);
    const names = fields.map(([name]) => name);
    const missing = (schema.required ?? []).filter(
      (name) => !names.includes(name),
    );
    return [
      ...missing.map((name) => `${at}.${name} is missing`),
      ...fields.flatMap(([name, field]) =>
        Object.hasOwn(schema.properties!, name)
          ? faults(field, schema.properties![name], whole, `${at}.${name}`)
          : [`${at}.${name} is unknown`],
      ),
    ];
  }
  const type =
    Number.isInteger(value) && schema.type === "integer"
      ? "integer"
      : typeof value;
  const isFine =
    type === schema.type && new RegExp(schema.pattern ?? "").test(`${value}`);
  return isFine ? [] : [`${at}: ${value}`];
}

describe("the manifest of language models", () => {
  it("has the fields that its schema names, and no others", () => {
    const schema = JSON.parse(
      readFileSync(join(manifests, "language-models.schema.json"), "utf8"),
    );
    const whole = JSON.parse(readFileSync(manifest, "utf8"));
    assert.deepEqual(faults(whole, schema, schema, ""), []);
    const { models, ...rest } = whole;
    assert.notDeepEqual(
      faults({ ...rest, models: [{}] }, schema, schema, ""),
      [],
    );
  });

  it("names a licence for each model and each package", () => {
    for (const model of readLlmManifest(manifest)) {
      assert.equal(model.license, "Apache-2.0");
      assert.equal(model.package.license, "Apache-2.0");
    }
  });

  it("is refused where it is none", () => {
    assert.throws(
      () => readLlmManifest(join(manifests, "soundfonts.json")),
      /expected a manifest with models, got none at/,
    );
  });
});

// Sizes of their config.json files, and the parameters their cards tell.
describe("a published Llama's config", () => {
  const smollm2 = {
    ...{ model_type: "llama", vocab_size: 49_152, rope_theta: 100_000 },
    ...{ max_position_embeddings: 8192, rms_norm_eps: 1e-5 },
    ...{ tie_word_embeddings: true, hidden_act: "silu" },
    ...{ is_llama_config: true, rope_interleaved: false, rope_scaling: null },
  };
  const llama32 = {
    ...{ model_type: "llama", vocab_size: 128_256, rope_theta: 500_000 },
    ...{ head_dim: 128, rms_norm_eps: 1e-5, tie_word_embeddings: true },
    rope_scaling: {
      ...{ factor: 32, high_freq_factor: 4, low_freq_factor: 1 },
      ...{ original_max_position_embeddings: 8192, rope_type: "llama3" },
    },
  };
  const sizes = (
    hidden_size: number,
    intermediate_size: number,
    num_hidden_layers: number,
    [num_attention_heads, num_key_value_heads]: readonly [number, number],
  ) => ({
    ...{ hidden_size, intermediate_size, num_hidden_layers },
    ...{ num_attention_heads, num_key_value_heads },
  });
  for (const [name, config, parameters] of [
    [
      "SmolLM2 135M",
      { ...smollm2, ...sizes(576, 1536, 30, [9, 3]) },
      134_515_008,
    ],
    [
      "SmolLM2 360M",
      { ...smollm2, ...sizes(960, 2560, 32, [15, 5]) },
      361_821_120,
    ],
    [
      "TinyLlama 1.1B",
      {
        ...{ model_type: "llama", vocab_size: 32_000, rope_scaling: null },
        ...{ tie_word_embeddings: false, max_position_embeddings: 2048 },
        ...sizes(2048, 5632, 22, [32, 4]),
      },
      1_100_048_384,
    ],
    [
      "Llama 3.2 3B",
      { ...llama32, ...sizes(3072, 8192, 28, [24, 8]) },
      3_212_749_824,
    ],
  ] as const) {
    it(`is read: ${name}`, () => {
      assert.equal(countLlama(llamaConfig(config)), parameters);
    });
  }
});

/** A folder that `npm run pal -- fetch smollm2` has brought. */
const folder = process.env.PAL_SMOLLM2;
const skip = folder
  ? false
  : "set PAL_SMOLLM2 to the folder of fetched weights";

// By transformers, of the weights in float32: fixtures/smollm2.
describe("SmolLM2 from the package's 4 bits", { skip }, () => {
  before(startEngine);
  const expected = JSON.parse(
    readFileSync(join(root, "test/fixtures/smollm2/expected.json"), "utf8"),
  );

  it("is what the manifest says", async () => {
    const [{ package: pack }] = readLlmManifest(manifest);
    assert.equal(readSource(folder!)?.package?.sha256, pack.sha256);
    const hash = createHash("sha256");
    const path = join(folder!, "model.safetensors");
    for await (const chunk of createReadStream(path)) hash.update(chunk);
    assert.equal(hash.digest("hex"), pack.weights.sha256);
  });

  it("has the published tokens and chat template", async () => {
    const tokenizer = await openTokenizer(folder!);
    for (const { ids, text } of expected.strings) {
      assert.deepEqual(tokenizer.encode(text), ids);
    }
    for (const { ids, messages } of expected.chats) {
      assert.deepEqual(chatTokens(tokenizer, messages), ids);
    }
  });

  it("says what the weights in float32 say, as nearly as float16 can", async () => {
    const { config, llama } = await openLlama(folder!);
    const generator = openGenerator(config);
    for (const {
      greedy,
      hiddenNorms,
      ids,
      topIds,
      topLogits,
    } of expected.runs) {
      const tokens_BT = tf.tensor2d([ids], undefined, "int32");
      const found = forward(llama, tokens_BT, config);
      const last = (name: string, width: number) =>
        found.get(name)!.values.slice(-width);
      const scores = last("logits", config.vocabularySize);
      topIds.forEach((id: number, i: number) => {
        assert.ok(Math.abs(scores[id] - topLogits[i]) < 0.05, `token ${id}`);
      });
      hiddenNorms.forEach((norm: number, layer: number) => {
        const ours = Math.hypot(...last(`hidden_${layer}`, config.width));
        assert.ok(Math.abs(ours / norm - 1) < 1e-3, `layer ${layer}`);
      });
      const [{ tokens }] = await generator.generate(
        llama,
        { prompts: [ids], heard: [] },
        { ends: [], maxNew: greedy.length },
      );
      assert.deepEqual(tokens, greedy);
      tokens_BT.dispose();
    }
    generator.dispose();
    disposeTensors(llama);
  });
});
