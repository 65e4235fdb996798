import type { Example } from "../data/example.ts";
import type { Sounds } from "../features/features.ts";
import {
  bucketLength,
  longestOf,
  type PromptWriter,
  padRows,
} from "../llm/prompt.ts";
import { type PlainScored, plainScored } from "./scored.ts";

/** Most tokens of a row; rows of a batch share the next common length. */
export interface RowLengths {
  /** Text tokens: prompt, answer and its end. */
  readonly text: number;
  /** Tokens of the answer, its end included. */
  readonly answer: number;
}

/**
 * The half of a batch that needs no engine: plain numbers, which any thread
 * can make and hand over.
 */
export interface PlainBatch {
  /** Rows. */
  readonly B: number;
  /** Tokens of a row. */
  readonly T: number;
  /** Row after row. */
  readonly tokens: Int32Array;
  readonly scored: PlainScored;
  /** What `Sounds` read: an array for each encoder, sound after sound. */
  readonly heard: readonly Float32Array[];
}

/** What turns examples into numbers. */
export interface PlainMaker {
  readonly sounds: Sounds;
  readonly writer: PromptWriter;
  readonly lengths: RowLengths;
  /** Which tokens of a text count; default its answer's. */
  readonly tokens?: "answer" | "prompt+answer";
}

/**
 * The plain half of some examples' batch.
 *
 * @throws RangeError for an example longer than `lengths`, or whose prompt
 * leaves its answer out
 */
export async function plainBatch(
  examples: readonly Example[],
  { lengths, sounds, tokens: counting = "answer", writer }: PlainMaker,
): Promise<PlainBatch> {
  const texts = examples.map(({ answer, question }) =>
    writer.write({ question, answer }),
  );
  const silent = texts.findIndex(
    ({ answerAt, tokens }) => answerAt >= tokens.length,
  );
  if (silent !== -1) {
    throw new RangeError(
      `exampleBatch: expected an answer to learn, got a prompt of ` +
        `${texts[silent].tokens.length} tokens without one ` +
        `(example ${examples[silent].id})`,
    );
  }
  const rows = texts.map(({ tokens }) => tokens);
  const T = bucketLength(longestOf(rows), lengths.text);
  const B = examples.length;
  const tokens = padRows(rows, { length: T, pad: writer.tokenizer.pad });
  const counted = tokens.map((_, i) => {
    const { answerAt, tokens: own } = texts[Math.floor(i / T)];
    const at = i % T;
    const isCounted = counting === "answer" ? at >= answerAt : at > 0;
    return isCounted && at < own.length ? 1 : 0;
  });
  const perRow = counting === "answer" ? lengths.answer : T - 1;
  const scored = plainScored(tokens, counted, { B, T, perRow });
  const heard = await sounds.read(examples.map(({ audio }) => audio));
  return { B, T, tokens, scored, heard };
}
