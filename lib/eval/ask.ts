import type { Example } from "../data/example.ts";
import type { Features } from "../features/features.ts";
import type { Generated, GenerateOptions } from "../llm/answer-rows.ts";
import type { LlamaConfig } from "../llm/config.ts";
import { openGenerator } from "../llm/generate.ts";
import type { Llama } from "../llm/llama.ts";
import type { PromptWriter } from "../llm/prompt.ts";
import type { AudioLlm, AudioLlmConfig } from "../pal/run/audio-llm.ts";
import { openAudioGenerator } from "../pal/run/generate.ts";
import { disposeTensors } from "../tensor/params.ts";
import { checkFeatures, heardBy } from "../train/batch.ts";
import { pause } from "../train/fit.ts";
import type { WorkOptions } from "../train/training.ts";

/** How questions are put. */
export interface AskOptions extends WorkOptions {
  /** Questions that are answered together. */
  readonly batchSize: number;
  /** Most tokens of an answer. */
  readonly maxNew: number;
  /** Default greedy. */
  readonly sampling?: GenerateOptions["sampling"];
  readonly seed?: number;
}

/**
 * Answers of a design to questions about sounds, in the examples' order.
 *
 * @throws RangeError where features are of other encoders than the design's
 */
export async function askDesign(
  examples: readonly Example[],
  {
    config,
    features,
    model,
    writer,
  }: {
    readonly config: AudioLlmConfig;
    readonly model: AudioLlm;
    readonly features: Features;
    readonly writer: PromptWriter;
  },
  options: AskOptions,
): Promise<string[]> {
  checkFeatures("askDesign", config, features);
  const generator = openAudioGenerator(config);
  const answers = async (batch: readonly Example[]) => {
    const heard = await heardBy(batch, features);
    const prompts = batch.map(({ question }) => writer.write({ question }));
    try {
      return await generator.generate(
        model,
        { prompts: prompts.map(({ tokens }) => tokens), heard },
        answerOptions(writer, options),
      );
    } finally {
      disposeTensors(heard);
    }
  };
  try {
    return await askInBatches(examples, answers, { ...options, writer });
  } finally {
    generator.dispose();
  }
}

/**
 * Answers of a language model that hears nothing: a control.
 *
 * @param promptOf - the tokens that it reads in place of sound and question
 */
export async function askText<Item>(
  items: readonly Item[],
  {
    config,
    llama,
    promptOf,
    writer,
  }: {
    readonly config: LlamaConfig;
    readonly llama: Llama;
    readonly promptOf: (item: Item) => readonly number[];
    readonly writer: PromptWriter;
  },
  options: AskOptions,
): Promise<string[]> {
  const generator = openGenerator(config);
  const answers = (batch: readonly Item[]) =>
    generator.generate(
      llama,
      { prompts: batch.map(promptOf), heard: [] },
      answerOptions(writer, options),
    );
  try {
    return await askInBatches(items, answers, { ...options, writer });
  } finally {
    generator.dispose();
  }
}

function answerOptions(
  { tokenizer: { ends, pad } }: PromptWriter,
  { maxNew, sampling, seed, signal }: AskOptions,
): GenerateOptions {
  return { ends, maxNew, pad, sampling, seed, signal };
}

/** Asks in batches of one size; the last is filled with its first item. */
async function askInBatches<Item>(
  items: readonly Item[],
  answers: (items: readonly Item[]) => Promise<Generated[]>,
  options: AskOptions & { readonly writer: PromptWriter },
): Promise<string[]> {
  const { batchSize, onStep, signal, writer } = options;
  const { decode } = writer.tokenizer;
  if (!(Number.isInteger(batchSize) && batchSize > 0)) {
    throw new RangeError(
      `ask: expected a batch of 1 or more questions, got ${batchSize}`,
    );
  }
  const found: string[] = [];
  for (let from = 0; from < items.length; from += batchSize) {
    signal?.throwIfAborted();
    const batch = items.slice(from, from + batchSize);
    const filled = Array.from(
      { length: batchSize },
      (_, i) => batch[i] ?? batch[0],
    );
    const given = await answers(filled);
    found.push(...batch.map((_, i) => decode(given[i].tokens)));
    onStep?.({ step: found.length, steps: items.length });
    await pause();
  }
  return found;
}
