import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import * as pal from "../../../lib/index.ts";
import { llamaShapes } from "../../../lib/llm/weights.ts";
import { normalMatrix } from "../../../lib/tensor/layers.ts";
import { safetensorsOf } from "../../checkpoint/support.ts";
import { folderOf, temporary, tinyFiles } from "../../llm/tokenizer-support.ts";
import { startEngine } from "../../use-engine.ts";

/** A Llama of random weights in the files of the published one. */
function publishedFolder(): string {
  const config = {
    model_type: "llama",
    hidden_act: "silu",
    tie_word_embeddings: true,
    hidden_size: 32,
    intermediate_size: 48,
    num_hidden_layers: 4,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 8,
    vocab_size: 264,
    rms_norm_eps: 1e-5,
    rope_theta: 500_000,
    max_position_embeddings: 1024,
  };
  const folder = folderOf({ ...tinyFiles(), "config.json": config });
  const shapes = llamaShapes(pal.llm.llamaConfig(config));
  const weights = [...shapes].map(([name, shape]) => {
    const [rows, columns = 1] = shape;
    const chance = pal.tensor.random("whole", name);
    const scale = columns === 1 ? 1 : columns ** -0.5;
    const matrix = normalMatrix(chance, [rows, columns], scale);
    return [name, { shape, values: matrix.dataSync<"float32">() }] as const;
  });
  const path = join(folder, "model.safetensors");
  writeFileSync(path, safetensorsOf(new Map(weights)));
  return folder;
}

describe("a published language model with an encoder", () => {
  after(() => rmSync(temporary, { recursive: true, force: true }));
  let folder: string;
  before(async () => {
    await startEngine();
    folder = publishedFolder();
  });

  it("is joined, asked, and seen as the README says", async () => {
    const { config: llamaSizes, llama } = await pal.llm.openLlama(folder);
    const tokenizer = await pal.llm.openTokenizer(folder);
    const sslam = await pal.encoder.randomEncoder("sslam", 1);
    const prompt = pal.llm.chatPrompt(tokenizer, {
      system: "Listen.",
      question: "What do you hear?",
    });
    const config: pal.run.AudioLlmConfig = {
      variant: pal.design.atDepth(pal.design.attentionOnly, 4),
      llama: llamaSizes,
      connector: { ...pal.connector.paperConnector, width: 32, nHeads: 4 },
      encoders: [{ name: "sslam", grid: sslam.grid, width: sslam.width }],
      audioAt: prompt.audioAt,
    };
    const chance = pal.tensor.random("connector", 1);
    const connector = pal.run.initAudioConnector(config, chance);
    const model = { llama, connector };

    const noise = pal.tensor.random("noise");
    const samples = Float32Array.from({ length: 160_000 }, () =>
      noise.uniform(-0.5, 0.5),
    );
    const { bands, steps } = sslam.grid;
    const features_BPE = tf.tensor3d(sslam.encode(samples), [
      ...[1, steps * bands, sslam.width],
    ] as [number, number, number]);
    const text_BT = tf.tensor2d([...prompt.tokens], [1, prompt.tokens.length]);
    const recording = pal.see.record(
      model,
      { text_BT: text_BT.toInt(), features: [features_BPE] },
      {
        config,
        select: "blocks.*.attn.hook_pattern",
        asking: "question",
        answering: "audio",
      },
    );
    const nQuestion = prompt.tokens.length - prompt.audioAt;
    assert.deepEqual(recording.get("pattern", -1).shape, [1, 4, nQuestion, 64]);
    // The first layer is text-only: nobody answers for the audio there.
    assert.deepEqual(recording.get("pattern", 0).shape, [1, 4, nQuestion, 0]);
    recording.dispose();

    const generator = pal.run.openAudioGenerator(config);
    const told: number[] = [];
    const [answer] = await generator.generate(
      model,
      { prompts: [prompt.tokens], heard: [features_BPE] },
      {
        ends: tokenizer.ends,
        maxNew: 8,
        sampling: pal.llm.ltuSampling,
        onToken: ({ token }) => told.push(token),
      },
    );
    assert.deepEqual(told, answer.tokens);
    assert.equal(typeof tokenizer.decode(answer.tokens), "string");
    generator.dispose();
    sslam.dispose();
  });
});
