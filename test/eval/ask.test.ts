import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { Example } from "../../lib/data/example.ts";
import { type AskOptions, askDesign, askText } from "../../lib/eval/ask.ts";
import {
  type Features,
  featuresInMemory,
} from "../../lib/features/features.ts";
import { openGenerator } from "../../lib/llm/generate.ts";
import { promptWriter } from "../../lib/llm/prompt.ts";
import { wordTokenizer } from "../../lib/llm/tokenizer.ts";
import { random } from "../../lib/tensor/random.ts";
import { configOf, design, llamaConfig, modelOf } from "../pal/support.ts";
import { startEngine } from "../use-engine.ts";

// As many words as the model of these tests has tokens. The question stands
// last: a random model repeats what it has read last.
const tokenizer = wordTokenizer(["a b c d e f g h i j k"]);
const writer = promptWriter(tokenizer, ({ question }) => {
  const tokens = tokenizer.encode(`a b ${question}`);
  return { tokens, audioAt: 2, answerAt: tokens.length };
});
const audio = ["one", "two", "three"];
const examples = ["c", "d e", "e", "f c", "c d"].map(
  (question, i): Example => ({
    id: `${i}`,
    audio: audio[i % 3],
    question,
    answer: "",
    task: "name",
    set: "test",
  }),
);
const variant = design("attention-only");
const config = { ...configOf(variant), audioAt: writer.audioAt };

/** Random features; `read` lists the sounds that were asked for. */
function features(read: string[][] = []): Features {
  const inMemory = featuresInMemory(
    config.encoders.map((encoder) => {
      const { bands, steps } = encoder.grid;
      const length = audio.length * steps * bands * encoder.width;
      const chance = random("ask", encoder.name);
      return {
        encoder,
        audio,
        features: Float32Array.from({ length }, () => 3 * chance.normal()),
      };
    }),
  );
  return {
    ...inMemory,
    read: (names) => {
      read.push([...names]);
      return inMemory.read(names);
    },
  };
}

const ask = (some: readonly Example[], options: Partial<AskOptions> = {}) =>
  askDesign(
    some,
    { config, model: modelOf(variant), features: features(), writer },
    { batchSize: 2, maxNew: 4, ...options },
  );

describe("askDesign", () => {
  before(startEngine);

  it("answers each question the same, alone or in any batch", async () => {
    const together = await ask(examples);
    const larger = await ask(examples, { batchSize: 5 });
    assert.deepEqual(larger, together);
    assert.deepEqual(await ask(examples.slice(3, 4)), [together[3]]);
    assert.ok(new Set(together).size > 1, `${together}`);
  });

  it("fills up the last batch, and answers only what was asked", async () => {
    const read: string[][] = [];
    const steps: number[] = [];
    const given = await askDesign(
      examples,
      { config, model: modelOf(variant), features: features(read), writer },
      { batchSize: 2, maxNew: 2, onStep: ({ step }) => steps.push(step) },
    );
    assert.equal(given.length, 5);
    assert.deepEqual(read, [
      ["one", "two"],
      ["three", "one"],
      ["two", "two"],
    ]);
    assert.deepEqual(steps, [2, 4, 5]);
  });

  it("refuses a batch of no questions", async () => {
    await assert.rejects(ask(examples, { batchSize: 0 }), {
      name: "RangeError",
      message: "ask: expected a batch of 1 or more questions, got 0",
    });
  });

  it("stops when it is told to", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await assert.rejects(ask(examples, { signal }), /enough/);
  });
});

describe("askText", () => {
  before(startEngine);

  it("answers what the language model alone answers", async () => {
    const { llama } = modelOf(variant);
    const prompts = [
      [2, 3, 4],
      [5, 6],
      [7, 8, 9, 10],
    ];
    const given = await askText(
      prompts,
      { config: llamaConfig, llama, promptOf: (prompt) => prompt, writer },
      { batchSize: 2, maxNew: 4 },
    );
    const generator = openGenerator(llamaConfig);
    const alone = await generator.generate(
      llama,
      { prompts, heard: [] },
      { ends: tokenizer.ends, maxNew: 4, pad: tokenizer.pad },
    );
    generator.dispose();
    assert.deepEqual(
      given,
      alone.map(({ tokens }) => tokenizer.decode(tokens)),
    );
  });
});
