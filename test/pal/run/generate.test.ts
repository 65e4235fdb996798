import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs";
import type { Variant } from "../../../lib/pal/design/variant.ts";
import { runAudioLlm } from "../../../lib/pal/run/audio-llm.ts";
import { openAudioGenerator } from "../../../lib/pal/run/generate.ts";
import { disposeTensors } from "../../../lib/tensor/params.ts";
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

describe("an audio generator", () => {
  before(startEngine);

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
