import * as tf from "@tensorflow/tfjs";
import type { Example } from "../data/example.ts";
import type { EncoderSizes } from "../encoder/encoder.ts";
import type { Features } from "../features/features.ts";
import {
  bucketLength,
  longestOf,
  type PromptWriter,
  padRows,
} from "../llm/prompt.ts";
import type { AudioLlmConfig } from "../pal/design/design.ts";
import { type Scored, scoredPlaces } from "./loss.ts";

/** Most tokens of a row; rows of a batch share the next common length. */
export interface RowLengths {
  /** Text tokens: prompt, answer and its end. */
  readonly text: number;
  /** Tokens of the answer, its end included. */
  readonly answer: number;
}

/** Questions about sounds, with their answers, as a design takes them. */
export type ExampleBatch = {
  /** features_BPE of each encoder. */
  readonly features: readonly tf.Tensor3D[];
  readonly text_BT: tf.Tensor2D;
  /** The tokens that count: the answers', from the first to the end. */
  readonly scored: Scored;
};

/** What turns examples into tensors. */
export interface BatchMaker {
  readonly features: Features;
  readonly writer: PromptWriter;
  readonly lengths: RowLengths;
  /** Which tokens of a text count; default its answer's. */
  readonly tokens?: "answer" | "prompt+answer";
}

/**
 * The batch of some examples; its tensors are the caller's.
 *
 * @throws RangeError for an example longer than `lengths`, or whose prompt
 * leaves its answer out
 */
export async function exampleBatch(
  examples: readonly Example[],
  { features, lengths, tokens: counting = "answer", writer }: BatchMaker,
): Promise<ExampleBatch> {
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
  const heard = await heardBy(examples, features);
  return {
    features: heard,
    text_BT: tf.tensor2d(tokens, [B, T], "int32"),
    scored: scoredPlaces(tokens, counted, { B, T, perRow }),
  };
}

/**
 * Refuses features that a design's connector would take for others: by name,
 * order and size.
 */
export function checkFeatures(
  caller: string,
  { encoders, variant }: Pick<AudioLlmConfig, "encoders" | "variant">,
  features: Features,
): void {
  const listOf = (all: readonly EncoderSizes[]) =>
    all
      .map(
        ({ grid: { bands, steps }, name, width }) =>
          `${name} (${steps} x ${bands} x ${width})`,
      )
      .join(", ");
  const [expected, got] = [listOf(encoders), listOf(features.encoders)];
  if (expected === got) return;
  throw new RangeError(
    `${caller}: expected features of ${expected}, got ${got} ` +
      `(variant "${variant.name}")`,
  );
}

/** features_BPE of each encoder for the sounds of some examples. */
export async function heardBy(
  examples: readonly Pick<Example, "audio">[],
  features: Features,
): Promise<tf.Tensor3D[]> {
  const values = await features.read(examples.map(({ audio }) => audio));
  return features.encoders.map(({ grid, width }, e) => {
    const P = grid.steps * grid.bands;
    return tf.tensor3d(values[e], [examples.length, P, width]);
  });
}
