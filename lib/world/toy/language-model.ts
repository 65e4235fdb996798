import * as tf from "@tensorflow/tfjs";
import type { LlamaConfig } from "../../llm/config.ts";
import {
  initLlama,
  type Llama,
  readLlama,
  unembedAt,
} from "../../llm/llama.ts";
import {
  bucketLength,
  longestOf,
  padRows,
  promptTokens,
} from "../../llm/prompt.ts";
import type { Tokenizer } from "../../llm/tokenizer.ts";
import { disposeTensors } from "../../tensor/params.ts";
import { random } from "../../tensor/random.ts";
import { fit } from "../../train/fit.ts";
import {
  countTokens,
  nextTokenLoss,
  type Scored,
  scoredPlaces,
} from "../../train/loss.ts";
import type { Schedule } from "../../train/schedule.ts";
import type { Training, WorkOptions } from "../../train/training.ts";
import { documentAt } from "./corpus.ts";
import { systemPrompt } from "./questions.ts";

/** How the small language model is trained on its own text. */
export interface LanguageModelPlan {
  readonly llama: LlamaConfig;
  readonly tokenizer: Tokenizer;
  /** Most text positions in a row, besides the jottings. */
  readonly textLength: number;
  /** Words that describe a clip, one where each audio token will stand. */
  readonly nJottings: number;
  readonly batchSize: number;
  readonly schedule: Schedule;
  readonly seed: number;
}

/** What a token before the answer counts: jottings are mostly chance. */
const weightBeforeAnswer = 0.1;

/** Text of the batch at a step; filling does not count. */
export type TextBatch = {
  readonly tokens_BT: tf.Tensor2D;
  readonly scored: Scored;
};

/** The documents of a batch, from number `first` of the corpus on. */
export function documentsOf(
  { batchSize, nJottings, seed }: LanguageModelPlan,
  first: number,
) {
  return Array.from({ length: batchSize }, (_, i) =>
    documentAt(first + i, { nJottings, seed }),
  );
}

/** Rows of documents that start at number `first` of the corpus. */
export function textBatch(plan: LanguageModelPlan, first: number): TextBatch {
  const { batchSize, nJottings, textLength, tokenizer } = plan;
  const texts = documentsOf(plan, first).map((text) => {
    const described = text.jottings.join(" ");
    return promptTokens(tokenizer, {
      system: systemPrompt,
      described,
      question: text.question,
      answer: text.answer,
    });
  });
  const rows = texts.map((text) => text.tokens);
  const length = bucketLength(longestOf(rows), textLength + nJottings);
  const tokens = padRows(rows, { length, pad: tokenizer.pad });
  const counted = Float32Array.from(tokens, (id, i) => {
    if (id === tokenizer.pad) return 0;
    const isAnswer = i % length >= texts[Math.floor(i / length)].answerAt;
    return isAnswer ? 1 : weightBeforeAnswer;
  });
  const shape: [number, number] = [batchSize, length];
  return {
    tokens_BT: tf.tensor2d(tokens, shape, "int32"),
    scored: scoredPlaces(tokens, counted, {
      B: batchSize,
      T: length,
      perRow: length - 1,
    }),
  };
}

/** The training of the small language model, on text alone. */
export function languageModelTraining(
  plan: LanguageModelPlan,
  start: Llama,
): Training<Llama, [], TextBatch> {
  return {
    name: "language model",
    params: start,
    frozen: [],
    loss: (llama, _frozen, { scored, tokens_BT }) => {
      const config = plan.llama;
      const x_BTD = readLlama(llama, tokens_BT, { config });
      const options = { at_X: scored.at_X, config };
      return nextTokenLoss(unembedAt(llama, x_BTD, options), scored);
    },
    batchAt: (step) => textBatch(plan, step * plan.batchSize),
    tokensOf: ({ scored }) => countTokens(scored.weight_X),
    schedule: plan.schedule,
  };
}

/** What it starts from, the caller's. */
export function startLanguageModel({ llama, seed }: LanguageModelPlan): Llama {
  return initLlama(llama, random("language model", seed));
}

/** Trains the small language model from nothing, on text alone. */
export async function trainLanguageModel(
  plan: LanguageModelPlan,
  options: WorkOptions = {},
): Promise<{ params: Llama; losses: Float32Array }> {
  const start = startLanguageModel(plan);
  try {
    return await fit(languageModelTraining(plan, start), options);
  } finally {
    disposeTensors(start);
  }
}
