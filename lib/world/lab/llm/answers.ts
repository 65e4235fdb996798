import * as tf from "@tensorflow/tfjs";
import type { LlamaConfig } from "../../../llm/config.ts";
import { type Llama, readLlama, unembedAt } from "../../../llm/llama.ts";
import type { Tokenizer } from "../../../llm/tokenizer.ts";
import { disposeTensors } from "../../../tensor/params.ts";
import { noTap, type Tap } from "../../../tensor/tap.ts";
import { type Document, systemPrompt } from "../words/corpus.ts";
import { batchOf, rowOf } from "./text-batch.ts";

export type TextQuestion = Extract<Document, { kind: "question" }>;

/** A language model and how to read with it. */
export interface Reader {
  readonly llama: Llama;
  readonly config: LlamaConfig;
  readonly tokenizer: Tokenizer;
}

/** Questions that are read together. */
const batchSize = 50;

/**
 * Whether greedy decoding would give each answer, to its last token: all of
 * them are the most likely ones, each after those before it.
 *
 * @param tapOf - changes activations, told where each row's question begins
 */
export function answersRight(
  { config, llama, tokenizer }: Reader,
  questions: readonly TextQuestion[],
  tapOf: (rows: QuestionRows) => Tap = () => noTap,
): boolean[] {
  const right: boolean[] = [];
  for (let from = 0; from < questions.length; from += batchSize) {
    const some = questions.slice(from, from + batchSize);
    const rows = some.map((one) => answerOnly(one, tokenizer));
    const batch = batchOf(rows, tokenizer);
    const [B, T] = batch.tokens_BT.shape;
    const best_X = tf.tidy(() => {
      const tap = tapOf({ ...placesOf(some, tokenizer), B, T });
      const x_BTD = readLlama(llama, batch.tokens_BT, { config, tap });
      const { at_X } = batch.scored;
      return unembedAt(llama, x_BTD, { at_X, config }).argMax(-1);
    });
    const { scored } = batch;
    const [best, target, weight] = [
      best_X,
      scored.target_X,
      scored.weight_X,
    ].map((x) => x.dataSync());
    disposeTensors([best_X, batch]);
    const perRow = best.length / B;
    for (let b = 0; b < B; b++) {
      const own = Array.from({ length: perRow }, (_, i) => b * perRow + i);
      right.push(own.every((x) => weight[x] === 0 || best[x] === target[x]));
    }
  }
  return right;
}

/** Where each row's description begins and ends; tokens. */
export interface QuestionRows {
  readonly contextFrom: readonly number[];
  readonly contextTo: readonly number[];
  readonly B: number;
  readonly T: number;
}

function answerOnly(question: TextQuestion, tokenizer: Tokenizer) {
  const { tokens, weights } = rowOf(question, tokenizer);
  return { tokens, weights: weights.map((weight) => (weight === 1 ? 1 : 0)) };
}

function placesOf(questions: readonly TextQuestion[], tokenizer: Tokenizer) {
  const system = tokenizer.encode(systemPrompt).length;
  const length = ({ described }: TextQuestion) =>
    tokenizer.encode(described && ` ${described}`).length;
  return {
    contextFrom: questions.map(() => system),
    contextTo: questions.map((one) => system + length(one)),
  };
}
