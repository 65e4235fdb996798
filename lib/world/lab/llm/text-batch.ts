import * as tf from "@tensorflow/tfjs";
import { permutation } from "../../../data/permutation.ts";
import {
  bucketLength,
  longestOf,
  padRows,
  promptTokens,
} from "../../../llm/prompt.ts";
import type { Tokenizer } from "../../../llm/tokenizer.ts";
import { type Scored, scoredPlaces } from "../../../train/loss.ts";
import {
  type CorpusOptions,
  type Document,
  documentAt,
  systemPrompt,
} from "../words/corpus.ts";

/** A document as tokens, and what each counts in the loss. */
export interface TokenRow {
  readonly tokens: readonly number[];
  readonly weights: readonly number[];
}

/**
 * What a token before an answer counts. Of scenes most is chance; the little
 * that is left keeps the words of sounds together.
 */
const weightBeforeAnswer = 0.1;

/** A document's tokens: the whole of a plain text counts. */
export function rowOf(document: Document, tokenizer: Tokenizer): TokenRow {
  if (document.kind === "text") {
    const tokens = [...tokenizer.encode(document.text), tokenizer.end];
    return { tokens, weights: tokens.map(() => 1) };
  }
  const { asked, described } = document;
  const { answer, question } = asked;
  const text = {
    system: systemPrompt,
    // As with audio, where the question follows without any words between.
    described: described && ` ${described}`,
    question,
  };
  const { answerAt, tokens } = promptTokens(tokenizer, {
    ...text,
    answer: ` ${answer}`,
  });
  const weights = tokens.map((_, i) => (i < answerAt ? weightBeforeAnswer : 1));
  return { tokens, weights };
}

/** Text of a batch; filling does not count. */
export type TextBatch = {
  readonly tokens_BT: tf.Tensor2D;
  readonly scored: Scored;
};

/** Batches whose documents are sorted by length among themselves. */
const batchesPerWindow = 16;

/**
 * The batch of a step. Rows of one batch are of about one length: documents of
 * some batches are sorted, cut, and the pieces shuffled.
 */
export function textBatches(
  tokenizer: Tokenizer,
  { batchSize, ...corpus }: CorpusOptions & { readonly batchSize: number },
): (step: number) => TextBatch {
  let known: { window: number; rows: readonly TokenRow[] } | undefined;
  const windowRows = (window: number) => {
    const n = batchesPerWindow * batchSize;
    return Array.from({ length: n }, (_, i) =>
      rowOf(documentAt(window * n + i, corpus), tokenizer),
    ).sort((a, b) => a.tokens.length - b.tokens.length);
  };
  return (step) => {
    const window = Math.floor(step / batchesPerWindow);
    if (known?.window !== window) known = { window, rows: windowRows(window) };
    const order = permutation(batchesPerWindow, "batches", corpus.seed, window);
    const place = order(step % batchesPerWindow) * batchSize;
    return batchOf(known.rows.slice(place, place + batchSize), tokenizer);
  };
}

/** Rows as tensors. */
export function batchOf(
  rows: readonly TokenRow[],
  { pad }: Pick<Tokenizer, "pad">,
): TextBatch {
  const B = rows.length;
  const all = rows.map(({ tokens }) => tokens);
  const T = bucketLength(longestOf(all));
  const tokens = padRows(all, { length: T, pad });
  const counted = Float32Array.from(
    tokens,
    (_, i) => rows[Math.floor(i / T)].weights[i % T] ?? 0,
  );
  return {
    tokens_BT: tf.tensor2d(tokens, [B, T], "int32"),
    scored: scoredPlaces(tokens, counted, { B, T, perRow: T - 1 }),
  };
}
