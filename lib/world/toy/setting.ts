import type { EncoderSizes } from "../../encoder/encoder.ts";
import { type LlamaConfig, toyLlama } from "../../llm/config.ts";
import {
  type PromptWriter,
  promptTokens,
  promptWriter,
} from "../../llm/prompt.ts";
import { type WordTokenizer, wordTokenizer } from "../../llm/tokenizer.ts";
import {
  type ConnectorConfig,
  plainConnector,
} from "../../pal/connector/config.ts";
import type { Variant } from "../../pal/design/variant.ts";
import type { AudioLlmConfig } from "../../pal/run/audio-llm.ts";
import { vocabularyTexts } from "./corpus.ts";
import { systemPrompt } from "./questions.ts";

/** What all designs of a comparison share. */
export interface Setting {
  readonly llama: LlamaConfig;
  readonly tokenizer: WordTokenizer;
  readonly connector: ConnectorConfig;
  /** Most text positions in a row. */
  readonly textLength: number;
  /** Most tokens of an answer, its end included. */
  readonly answerLength: number;
}

/** The small language model, its words, and where the audio goes. */
export function comparisonSetting(): Setting {
  const tokenizer = wordTokenizer(vocabularyTexts());
  return {
    tokenizer,
    llama: { ...toyLlama, vocabularySize: tokenizer.words.length },
    connector: plainConnector({
      query: { steps: 12, bands: 1 },
      width: 64,
      nHeads: 4,
    }),
    textLength: 20,
    answerLength: 5,
  };
}

/**
 * Prompts in the small model's words.
 *
 * @param described - text that stands in for the audio, if any
 */
export function toyWriter(
  { tokenizer }: Pick<Setting, "tokenizer">,
  described = "",
): PromptWriter {
  return promptWriter(tokenizer, (exchange) =>
    promptTokens(tokenizer, { system: systemPrompt, described, ...exchange }),
  );
}

/** The design with its sizes, for sounds as these encoders heard them. */
export function toyConfig(
  variant: Variant,
  setting: Setting,
  encoders: readonly EncoderSizes[],
): AudioLlmConfig {
  const { connector, llama } = setting;
  const { audioAt } = toyWriter(setting);
  return { variant, llama, connector, encoders, audioAt };
}

/** Most tokens of a row and of an answer, as trainings take them. */
export function lengthsOf({
  answerLength: answer,
  textLength: text,
}: Pick<Setting, "answerLength" | "textLength">) {
  return { text, answer };
}
