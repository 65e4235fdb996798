import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { type LlamaConfig, toyLlama } from "../../lib/llm/config.ts";
import { openGenerator } from "../../lib/llm/generate.ts";
import {
  countLlama,
  initLlama,
  type Llama,
  runLlama,
} from "../../lib/llm/llama.ts";
import { causalMask } from "../../lib/llm/places.ts";
import { openLlama, packLlama } from "../../lib/llm/weights.ts";
import { forbidden } from "../../lib/tensor/layers.ts";
import { countParameters, disposeTensors } from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import { recorder } from "../../lib/tensor/tap.ts";
import { readTensors } from "../checkpoint/support.ts";
import { assertClose, distance } from "../close.ts";
import { startEngine } from "../use-engine.ts";

const folder = join(import.meta.dirname, "../fixtures/parity/llama-tiny");

describe("llama beside Hugging Face's", () => {
  let config: LlamaConfig;
  let llama: Llama;
  let io: Awaited<ReturnType<typeof readTensors>>;
  before(async () => {
    await startEngine();
    ({ config, llama } = await openLlama(folder));
    io = await readTensors(join(folder, "io.safetensors"));
  });
  after(() => disposeTensors(llama));
  const stored = (name: string) => io.get(name)!.values;

  it("has the same embeddings, layers and scores to 1e-4", () => {
    const wanted = (name: string) => name.endsWith("hook_resid_post");
    const { cache, tap } = recorder(wanted);
    const tokens_BT = tf.tensor2d(stored("input_ids"), [1, 100], "int32");
    const kept: tf.Tensor[] = [];
    const logits_BTV = runLlama(llama, tokens_BT, {
      config,
      tap: (name, x) => {
        tap(name, x);
        if (wanted(name)) kept.push(tf.keep(cache.get(name)!));
        return x;
      },
    });
    assertClose(kept[0], stored("hidden_1"), { atol: 1e-4 });
    assertClose(kept[1], stored("hidden_2"), { atol: 1e-4 });
    assertClose(logits_BTV, stored("logits"), { atol: 1e-4 });
  });
});

describe("a llama with a table to read out, and linear positions", () => {
  const folder = join(import.meta.dirname, "../fixtures/parity/llama-untied");
  before(startEngine);

  it("has Hugging Face's scores to 1e-5, and its next tokens", async () => {
    const { config, llama } = await openLlama(folder);
    assert.deepEqual(config.rope, { theta: 10_000, divisor: 4 });
    assert.equal(countParameters(llama), countLlama(config));
    const io = await readTensors(join(folder, "io.safetensors"));
    const stored = (name: string) => io.get(name)!.values;
    const tokens_BT = tf.tensor2d(stored("input_ids"), [1, 40], "int32");
    const logits_BTV = runLlama(llama, tokens_BT, { config });
    assertClose(logits_BTV, stored("logits"), { atol: 1e-5 });
    const all = [...stored("generated")];
    const generator = openGenerator(config);
    const asked = { prompts: [all.slice(0, 6)], heard: [] as [] };
    for (const weights of [llama, packLlama(llama)]) {
      const options = { ends: [], maxNew: 12 };
      const [made] = await generator.generate(weights, asked, options);
      assert.deepEqual(made.tokens, all.slice(6));
      disposeTensors(weights);
    }
    generator.dispose();
  });
});

describe("llama", () => {
  before(startEngine);
  const config = { ...toyLlama, nLayers: 2, vocabularySize: 11 };
  const run = (tokens: number[], of = config) =>
    runLlama(
      initLlama(of, random("llama test")),
      tf.tensor2d([tokens], [1, tokens.length], "int32"),
      { config: of },
    );

  it("does not look ahead", () => {
    const [one, two] = [run([1, 2, 3, 4]), run([1, 2, 3, 9])];
    const seen = (x: tf.Tensor3D) => x.slice([0, 0, 0], [1, 3, 11]);
    assertClose(seen(one), seen(two));
    assert.ok(distance(one, two) > 1e-2);
  });

  it("needs no key head of its own for each query head", () => {
    for (const nKvHeads of [1, 2, 4]) {
      assert.deepEqual(run([1, 2], { ...config, nKvHeads }).shape, [1, 2, 11]);
    }
  });

  it("knows where a word stands", () => {
    const last = (x: tf.Tensor3D) => x.slice([0, 3, 0], [1, 1, 11]);
    const swapped = distance(last(run([1, 2, 3, 4])), last(run([2, 1, 3, 4])));
    assert.ok(swapped > 1e-4);
  });

  it("leaves one tensor behind", () => {
    const llama = initLlama(config, random("leak"));
    const tokens_BT = tf.tensor2d([[1, 2]], [1, 2], "int32");
    const held = tf.memory().numTensors;
    runLlama(llama, tokens_BT, { config });
    assert.equal(tf.memory().numTensors, held + 1);
  });

  it("masks by position, not by place in the row", () => {
    const mask_B1SM = causalMask([2, 0, 1], [0, 1, 2]);
    assert.deepEqual(
      [...mask_B1SM.dataSync()].map((x) => x === Math.fround(forbidden)),
      [false, false, false, false, true, true, false, false, true],
    );
  });
});
