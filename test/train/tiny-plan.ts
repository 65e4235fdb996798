import { listSource } from "../../lib/data/list.ts";
import { featuresInMemory } from "../../lib/features/features.ts";
import { promptWriter } from "../../lib/llm/prompt.ts";
import { wordTokenizer } from "../../lib/llm/tokenizer.ts";
import type { Variant } from "../../lib/pal/design/variant.ts";
import { random } from "../../lib/tensor/random.ts";
import type { DesignPlan } from "../../lib/train/design.ts";
import { audioAt, configOf } from "../pal/support.ts";

/** Eleven words, two more for filling and end: the vocabulary of `support`. */
const tokenizer = wordTokenizer(["a b c d e f g h i j k"]);

const writer = promptWriter(tokenizer, ({ answer, question }) => {
  const prompt = tokenizer.encode(`a b ${question}`);
  const response = answer ? [...tokenizer.encode(answer), tokenizer.end] : [];
  return { tokens: [...prompt, ...response], audioAt, answerAt: prompt.length };
});

const sounds = ["one", "two", "three"];
const questions = ["c d", "e f g", "h"];
const answers = ["i j", "k", "j i k"];
const examples = sounds.map((audio, i) => ({
  id: audio,
  audio,
  question: questions[i],
  answer: answers[i],
  task: "name",
  set: "train",
}));

/** A design of `support` on three questions about three random clips. */
export function tinyPlan(variant: Variant): DesignPlan {
  const config = configOf(variant);
  return {
    config,
    writer,
    features: featuresInMemory(
      config.encoders.map((encoder) => {
        const { grid, name, width } = encoder;
        const length = sounds.length * grid.steps * grid.bands * width;
        const chance = random("features", name);
        const features = Float32Array.from({ length }, () => chance.normal());
        return { encoder, audio: sounds, features };
      }),
    ),
    source: listSource(examples, { seed: 1 }),
    lengths: { text: 16, answer: 4 },
    trains: "connector+llm",
    batchSize: 4,
    microBatchSize: 2,
    schedule: { steps: 8, peakLearningRate: 1e-2, warmupRatio: 0.1 },
  };
}
