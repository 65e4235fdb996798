import { disposeTensors } from "../tensor/params.ts";
import type { Generated, GenerateOptions } from "./answer-rows.ts";
import { chatTokens, type Message } from "./chat.ts";
import { openGenerator } from "./generate.ts";
import { openTokenizer } from "./hf-tokenizer.ts";
import { textStream } from "./tokenizer.ts";
import { type OpenOptions, openLlama } from "./weights.ts";

/** An answer as text, and the tokens that it was made of. */
export interface Answer extends Generated {
  readonly text: string;
}

export interface AnswerOptions extends Pick<GenerateOptions, "signal"> {
  /** Most tokens of an answer. */
  readonly maxNew: number;
  /** Hears an answer's text as it grows, with the token that added to it. */
  readonly onText?: (news: string, token: number) => void;
}

/** A language model alone, talked to as it was made to be. */
export interface ChatModel {
  /** What the assistant says next, the best token at every step. */
  answer(messages: readonly Message[], options: AnswerOptions): Promise<Answer>;
  /** Frees the weights. */
  dispose(): void;
}

/**
 * Opens a language model with its tokenizer and chat template from a folder
 * as Hugging Face's library writes it.
 *
 * @param options - `report` takes what compiling has to say
 * @throws RangeError for a model without a chat template, as base models are
 */
export async function openChatModel(
  folder: string,
  {
    report,
    ...options
  }: OpenOptions & { readonly report?: (line: string) => void } = {},
): Promise<ChatModel> {
  const tokenizer = await openTokenizer(folder);
  if (!tokenizer.template) {
    throw new RangeError(
      `openChatModel: expected a model with a chat template, got one without ` +
        `(${folder}); take its "Instruct" or "Chat" version`,
    );
  }
  const { config, llama } = await openLlama(folder, options);
  if (tokenizer.vocabularySize > config.vocabularySize) {
    disposeTensors(llama);
    throw new RangeError(
      `openChatModel: expected at most ${config.vocabularySize} tokens, as ` +
        `the weights have, got ${tokenizer.vocabularySize} (${folder}); ` +
        "tokenizer and weights are of different models",
    );
  }
  const generator = openGenerator(config, report ? { report } : {});
  return {
    answer: async (messages, { maxNew, onText, signal }) => {
      const prompt = chatTokens(tokenizer, messages);
      const { ends, pad } = tokenizer;
      const read = textStream(tokenizer);
      const [made] = await generator.generate(
        llama,
        { prompts: [prompt], heard: [] },
        {
          ...{ ends, maxNew, pad, signal },
          onToken: ({ token }) => onText?.(read(token), token),
        },
      );
      return { ...made, text: tokenizer.decode(made.tokens) };
    },
    dispose: () => {
      generator.dispose();
      disposeTensors(llama);
    },
  };
}
