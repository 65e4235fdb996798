import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import type { GenerateOptions } from "../../lib/llm/answer-rows.ts";
import { type LlamaConfig, toyLlama } from "../../lib/llm/config.ts";
import { openGenerator } from "../../lib/llm/generate.ts";
import { initLlama, type Llama, runLlama } from "../../lib/llm/llama.ts";
import { ltuSampling } from "../../lib/llm/sample.ts";
import { openLlama, packLlama } from "../../lib/llm/weights.ts";
import { disposeTensors } from "../../lib/tensor/params.ts";
import { random } from "../../lib/tensor/random.ts";
import { readTensors } from "../checkpoint/support.ts";
import { startEngine } from "../use-engine.ts";

const folder = join(import.meta.dirname, "../fixtures/parity/llama-tiny");

/** The best next token after a row, nothing cached. */
function bestAfter(llama: Llama, row: number[], config: LlamaConfig): number {
  return tf.tidy(() => {
    const tokens_BT = tf.tensor2d([row], [1, row.length], "int32");
    const best = runLlama(llama, tokens_BT, { config }).argMax(-1);
    return best.dataSync()[row.length - 1];
  });
}

describe("a generator of a model that no cache holds", () => {
  const config: LlamaConfig = {
    ...toyLlama,
    nLayers: 2,
    width: 256,
    nHeads: 4,
    nKvHeads: 2,
    headWidth: 64,
    vocabularySize: 2 ** 16,
  };

  it("answers one row as it answers two, and as nothing cached", async () => {
    await startEngine();
    const llama = initLlama(config, random("streamed"));
    const generator = openGenerator(config);
    const prompt = [5, 40_000, 77];
    const ask = async (prompts: number[][]) => {
      const asked = { prompts, heard: [] as [] };
      const options = { ends: [], maxNew: 6 };
      const made = await generator.generate(llama, asked, options);
      return made.map(({ tokens }) => tokens);
    };
    const [alone] = await ask([prompt]);
    assert.deepEqual(await ask([prompt, prompt]), [alone, alone]);
    const row = [...prompt];
    for (let i = 0; i < 6; i++) row.push(bestAfter(llama, row, config));
    assert.deepEqual(alone, row.slice(prompt.length));
    generator.dispose();
    disposeTensors(llama);
  });

  it("answers with packed weights as with their numbers", async () => {
    await startEngine();
    const packed = packLlama(initLlama(config, random("streamed")));
    const generator = openGenerator(config);
    const made = await generator.generate(
      packed,
      { prompts: [[5, 40_000, 77]], heard: [] },
      { ends: [], maxNew: 6 },
    );
    const row = [5, 40_000, 77];
    for (let i = 0; i < 6; i++) row.push(bestAfter(packed, row, config));
    assert.deepEqual(made[0].tokens, row.slice(3));
    generator.dispose();
    disposeTensors(packed);
  });
});

describe("a generator", () => {
  let config: LlamaConfig;
  let llama: Llama;
  before(async () => {
    await startEngine();
    ({ config, llama } = await openLlama(folder));
  });
  after(() => disposeTensors(llama));

  const generate = async (
    prompts: number[][],
    options: Partial<GenerateOptions> = {},
  ) => {
    const generator = openGenerator(config);
    try {
      return await generator.generate(
        llama,
        { prompts, heard: [] },
        { ends: [], maxNew: 16, ...options },
      );
    } finally {
      generator.dispose();
    }
  };

  it("continues a text with Hugging Face's 16 tokens", async () => {
    const io = await readTensors(join(folder, "io.safetensors"));
    const all = [...io.get("generated")!.values];
    const [made] = await generate([all.slice(0, 5)]);
    assert.deepEqual(made.tokens, all.slice(5));
    assert.equal(made.stoppedBy, "length");
  });

  it("gives the same 16 tokens with weights in bfloat16", async () => {
    const io = await readTensors(join(folder, "io.safetensors"));
    const all = [...io.get("generated")!.values];
    const packed = await openLlama(folder, { weights: "bfloat16" });
    const generator = openGenerator(packed.config);
    const [made] = await generator.generate(
      packed.llama,
      { prompts: [all.slice(0, 5)], heard: [] },
      { ends: [], maxNew: 16 },
    );
    assert.deepEqual(made.tokens, all.slice(5));
    generator.dispose();
    disposeTensors(packed.llama);
  });

  it("answers prompts of several lengths as it answers each alone", async () => {
    const prompts = [[7], [3, 1, 4, 1, 5, 9, 2, 6], [11, 12, 13]];
    const together = await generate(prompts, { maxNew: 6 });
    for (const [i, prompt] of prompts.entries()) {
      const row = [...prompt];
      while (row.length < prompt.length + 6) {
        row.push(bestAfter(llama, row, config));
      }
      assert.deepEqual(together[i].tokens, row.slice(prompt.length));
    }
  });

  it("ends a row at a stop token and goes on with the others", async () => {
    const [free, other] = await generate([[7], [3, 1]], { maxNew: 8 });
    const stop = free.tokens[3];
    assert.ok(!other.tokens.slice(0, 3).includes(stop));
    const [ended] = await generate([[7], [3, 1]], { maxNew: 8, ends: [stop] });
    const from = free.tokens.indexOf(stop);
    assert.deepEqual(ended.tokens, free.tokens.slice(0, from));
    assert.equal(ended.stoppedBy, "end");
  });

  it("tells each token when it is chosen", async () => {
    const told: number[][] = [[], []];
    const made = await generate([[7], [3, 1]], {
      onToken: ({ row, token }) => told[row].push(token),
    });
    assert.deepEqual(
      told,
      made.map(({ tokens }) => tokens),
    );
  });

  it("samples the same with the same seed, and each row on its own", async () => {
    const sampling = { ...ltuSampling, temperature: 2, topP: 1 };
    const run = (prompts: number[][], seed: number) =>
      generate(prompts, { sampling, seed });
    const [one, two] = await run([[7], [7]], 1);
    assert.deepEqual((await run([[7]], 1))[0], one);
    assert.notDeepEqual(one.tokens, two.tokens);
    assert.notDeepEqual((await run([[7]], 2))[0].tokens, one.tokens);
  });

  it("stops when it is told to, and leaves no tensor", async () => {
    const held = tf.memory().numTensors;
    const stop = new AbortController();
    await assert.rejects(
      generate([[7]], { onToken: () => stop.abort(), signal: stop.signal }),
      { name: "AbortError" },
    );
    await generate([[7]]);
    assert.equal(tf.memory().numTensors, held);
  });

  it("refuses a prompt that with its answer does not fit", async () => {
    const short = { ...config, contextLength: 20, name: "short" };
    const generator = openGenerator(short);
    const prompts = [Array.from({ length: 10 }, (_, i) => i)];
    const ask = (maxNew: number) =>
      generator.generate(llama, { prompts, heard: [] }, { ends: [], maxNew });
    await ask(10);
    await assert.rejects(ask(11), {
      name: "RangeError",
      message:
        "checkContext: expected at most 20 positions, audio included, " +
        "got 21 (short); shorten the prompt",
    });
    await assert.rejects(generate([[]]), /one token or more, got none/);
    await assert.rejects(generate([[1, 97]]), {
      name: "RangeError",
      message: /^generate: expected tokens in 0..96, got 97; use the tokenizer/,
    });
    generator.dispose();
  });

  it("names the option that a cell calls maxTokens", async () => {
    const generator = openGenerator(config);
    const options = { ends: [], maxTokens: 5 } as unknown as GenerateOptions;
    await assert.rejects(
      generator.generate(llama, { prompts: [[7]], heard: [] }, options),
      /expected maxNew, .* of 1 or more, got none among ends, maxTokens$/,
    );
    generator.dispose();
  });

  it("refuses a model whose weights are not numbers", async () => {
    const small = { ...toyLlama, nLayers: 1, vocabularySize: 5 };
    const broken = initLlama(small, random("broken"));
    const nan = tf.fill([small.width], Number.NaN) as tf.Tensor1D;
    const generator = openGenerator(small);
    await assert.rejects(
      generator.generate(
        { ...broken, finalNorm_D: nan },
        { prompts: [[1]], heard: [] },
        { ends: [], maxNew: 1 },
      ),
      /NaN/,
    );
    generator.dispose();
  });
});
