import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import type { Llama } from "../../../lib/llm/llama.ts";
import { packLlama } from "../../../lib/llm/weights.ts";
import type { Variant } from "../../../lib/pal/design/variant.ts";
import { runAudioLlm } from "../../../lib/pal/run/audio-llm.ts";
import { openAudioGenerator } from "../../../lib/pal/run/generate.ts";
import { isPacked, unpacked } from "../../../lib/tensor/bfloat16.ts";
import { disposeTensors, mapTensors } from "../../../lib/tensor/params.ts";
import { assertClose } from "../../close.ts";
import { startEngine } from "../../use-engine.ts";
import {
  audioAt,
  clip,
  configOf,
  design,
  designs,
  modelOf,
  textOf,
} from "../support.ts";

const prompts = [
  [1, 2, 9, 8, 7],
  [1, 2, 3],
];
const maxNew = 5;

/** Greedy answers with every token read again for the next one. */
function withoutCache(variant: Variant, row: number): number[] {
  const [model, config] = [modelOf(variant), configOf(variant)];
  const features = clip(variant, "two", 2).map((x) => x.slice([row], [1]));
  const text = [...prompts[row]];
  while (text.length < prompts[row].length + maxNew) {
    const input = { text_BT: textOf([text]), features };
    const scores = runAudioLlm(model, input, { config });
    text.push(scores.argMax(-1).dataSync()[text.length - 1]);
  }
  return text.slice(prompts[row].length);
}

/** A packed model's numbers in float32. */
function widened({ blocks, embedding_VD, finalNorm_D }: Llama): Llama {
  const wide = (leaf: tf.Tensor): tf.Tensor =>
    isPacked(leaf) ? unpacked(leaf as tf.Tensor2D) : leaf.clone();
  return {
    embedding_VD: unpacked(embedding_VD).transpose(),
    blocks: mapTensors(blocks, wide),
    finalNorm_D,
  };
}

describe("an audio generator", () => {
  before(startEngine);

  for (const variant of designs) {
    it(`${variant.name}: scores and answers with packed weights`, async () => {
      const model = modelOf(variant);
      const config = configOf(variant);
      const packed = { ...model, llama: packLlama(model.llama) };
      const rounded = { ...model, llama: widened(packed.llama) };
      const heard = clip(variant, "two", 2);
      const input = {
        text_BT: textOf(prompts.map((prompt) => prompt.slice(0, 3))),
        features: heard,
      };
      const want = runAudioLlm(rounded, input, { config });
      const got = runAudioLlm(packed, input, { config });
      assertClose(got, want.dataSync(), { atol: 1e-4 });
      const generator = openAudioGenerator(config);
      const asked = { prompts, heard };
      const options = { ends: [], maxNew };
      const [answers, expected] = [
        await generator.generate(packed, asked, options),
        await generator.generate(rounded, asked, options),
      ];
      assert.deepEqual(answers, expected);
      generator.dispose();
      disposeTensors([packed.llama, rounded.llama, model, heard]);
    });
  }

  for (const variant of designs) {
    it(`${variant.name}: answers from its cache as without one`, async () => {
      const model = modelOf(variant);
      const heard = clip(variant, "two", 2);
      const generator = openAudioGenerator(configOf(variant));
      const held = tf.memory().numTensors;
      const made = await generator.generate(
        model,
        { prompts, heard },
        { ends: [], maxNew },
      );
      assert.equal(tf.memory().numTensors, held);
      generator.dispose();
      const expected = [0, 1].map((row) => withoutCache(variant, row));
      assert.deepEqual(
        made.map(({ tokens }) => tokens),
        expected,
      );
      disposeTensors([model, heard]);
    });
  }

  it("refuses a prompt that ends before the audio's place", () => {
    const generator = openAudioGenerator(configOf(design("baseline")));
    assert.throws(
      () =>
        generator.generate(
          modelOf(design("baseline")),
          { prompts: [[1, 2]], heard: clip(design("baseline")) },
          { ends: [], maxNew },
        ),
      {
        name: "RangeError",
        message:
          `generate: expected a question after ${audioAt} system tokens, ` +
          "got 2 tokens (prompt 0)",
      },
    );
    generator.dispose();
  });
});
