import type { Tokenizer } from "./tokenizer.ts";

/** A prompt and its answer as tokens: system, (audio,) user, response. */
export interface PromptTokens {
  readonly tokens: readonly number[];
  /** Text positions before the audio: the system prompt's length. */
  readonly audioAt: number;
  /** Where the answer starts. */
  readonly answerAt: number;
}

/**
 * Tokens in the paper's order (section 2.1): system, audio, user, response.
 *
 * @param described - text that stands in for the audio, if any
 */
export function promptTokens(
  tokenizer: Tokenizer,
  text: {
    readonly system: string;
    readonly described?: string;
    readonly question: string;
    /** Left out to ask; given to train. */
    readonly answer?: string;
  },
): PromptTokens {
  const { answer, described = "", question, system } = text;
  const before = tokenizer.encode(system);
  const asked = tokenizer.encode(
    `${described} question : ${question} answer :`,
  );
  const prompt = [...before, ...asked];
  const response =
    answer === undefined ? [] : [...tokenizer.encode(answer), tokenizer.end];
  return {
    tokens: [...prompt, ...response],
    audioAt: before.length,
    answerAt: prompt.length,
  };
}

/** Rows of tokens, filled up to one length so that one trace serves them all. */
export function padRows(
  rows: readonly (readonly number[])[],
  { length, pad }: { length: number; pad: number },
): Int32Array {
  const padded = new Int32Array(rows.length * length).fill(pad);
  rows.forEach((row, i) => {
    if (row.length > length) {
      throw new RangeError(
        `padRows: expected at most ${length} tokens, got ${row.length} ` +
          `(row ${i})`,
      );
    }
    padded.set(row, i * length);
  });
  return padded;
}

/** Tokens of the longest row. */
export function longestOf(rows: readonly (readonly number[])[]): number {
  return rows.reduce((most, { length }) => Math.max(most, length), 0);
}

/**
 * A row length that many rows share, so that few traces serve all of them:
 * the next of 16, 24, 32, 48, 64, 96, 128 and so on.
 *
 * Above 16, less than half of `length` is filling.
 *
 * @param longest - positions that the model has; no row is longer
 */
export function bucketLength(
  length: number,
  longest = Number.POSITIVE_INFINITY,
): number {
  if (!(Number.isInteger(length) && length >= 0 && length <= longest)) {
    throw new RangeError(
      `bucketLength: expected a whole number of tokens, at most ${longest}, ` +
        `got ${length}; shorten the prompt`,
    );
  }
  let power = 16;
  while (1.5 * power < length) power *= 2;
  return Math.min(length <= power ? power : 1.5 * power, longest);
}

/** What a person asks, and, for training, the answer that is wanted. */
export interface Exchange {
  readonly question: string;
  readonly answer?: string;
}

/** Writes exchanges as a model's tokens; the system prompt is its own. */
export interface PromptWriter {
  readonly tokenizer: Tokenizer;
  /** Text tokens before the audio, in every prompt. */
  readonly audioAt: number;
  write(exchange: Exchange): PromptTokens;
}

/**
 * A writer of prompts that all have the audio at one place.
 *
 * ```ts
 * promptWriter(tokenizer, (text) => chatPrompt(tokenizer, { system, ...text }));
 * ```
 *
 * Its `write` throws a RangeError for a prompt with another place.
 */
export function promptWriter(
  tokenizer: Tokenizer,
  write: (exchange: Exchange) => PromptTokens,
): PromptWriter {
  const { audioAt } = write({ question: "" });
  return {
    tokenizer,
    audioAt,
    write: (exchange) => {
      const prompt = write(exchange);
      if (prompt.audioAt === audioAt) return prompt;
      throw new RangeError(
        `write: expected ${audioAt} tokens before the audio, ` +
          `got ${prompt.audioAt} (${JSON.stringify(exchange.question)})`,
      );
    },
  };
}
