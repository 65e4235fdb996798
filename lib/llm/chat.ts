import { renderJinja } from "./jinja.ts";
import type { PromptTokens } from "./prompt.ts";
import type { Tokenizer } from "./tokenizer.ts";

export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** Writes a conversation as the one text that a model reads. */
export type ChatTemplate = (
  messages: readonly Message[],
  setting: {
    /** Whether the assistant's turn is open at the end. */
    readonly isAsking: boolean;
    readonly date: string;
    /** Texts of the tokens that begin a text and end an answer. */
    readonly begin: string;
    readonly end: string;
  },
) => string;

/** A tokenizer that knows how its model wants to be talked to. */
export interface ChatTokenizer extends Tokenizer {
  /** Stands before every text. */
  readonly begin: number;
  /** Ids of the special tokens by their text. */
  readonly special: ReadonlyMap<string, number>;
  /** Undefined for a base model, which comes without one. */
  readonly template: ChatTemplate | undefined;
}

/** What the model is told, asked, and, for training, made to say. */
export interface ChatText {
  readonly system: string;
  readonly question: string;
  /** Left out to ask; given to train. */
  readonly answer?: string;
}

export interface ChatOptions {
  /** The tokenizer's own unless given. */
  readonly template?: ChatTemplate;
  /**
   * The day that Llama 3's template names; not in the paper. The default is
   * the template's own, which keeps a prompt the same on every day.
   */
  readonly date?: string;
}

/**
 * A chat template in Jinja, as models bring them along.
 *
 * It runs in a thread with limits on time, memory and what it writes: a
 * template can loop for ever.
 */
export function jinjaTemplate(source: string): ChatTemplate {
  const attempt = <X>(wanted: string, run: () => X): X => {
    try {
      return run();
    } catch (cause) {
      throw new Error(`jinjaTemplate: expected a template that ${wanted}`, {
        cause,
      });
    }
  };
  attempt("parses", () => renderJinja(source));
  return (messages, { begin, date, end, isAsking }) =>
    attempt("renders system, user and assistant", () =>
      renderJinja(source, {
        messages,
        add_generation_prompt: isAsking,
        date_string: date,
        bos_token: begin,
        eos_token: end,
      }),
    );
}

/**
 * A template for a base model, which has none of its own; not in the paper.
 *
 * The headings are the short ones of Alpaca, with which LTU was trained.
 */
export const plainTemplate: ChatTemplate = (
  messages,
  { begin, end, isAsking },
) => {
  const response = "### Response:\n";
  const texts = messages.map(({ content, role }) => {
    const text = content.trim();
    if (role === "assistant") return response + text + end;
    if (role === "user") return `### Instruction:\n${text}\n\n`;
    return text === "" ? "" : `${text}\n\n`;
  });
  return begin + texts.join("") + (isAsking ? response : "");
};

/**
 * The tokens of a conversation as a model's own template writes it, the
 * assistant's turn open at the end.
 *
 * Without a system message it is the template that says what stands there.
 */
export function chatTokens(
  tokenizer: ChatTokenizer,
  messages: readonly Message[],
  options: ChatOptions = {},
): readonly number[] {
  for (const { content, role } of messages) {
    checkText("chatTokens", tokenizer, { part: role, text: content });
  }
  return writerOf("chatTokens", tokenizer, options)(messages, true);
}

/** Writes messages as tokens, the assistant's turn open or not. */
function writerOf(
  caller: string,
  tokenizer: ChatTokenizer,
  { date = "26 Jul 2024", template = tokenizer.template }: ChatOptions,
): (messages: readonly Message[], isAsking: boolean) => number[] {
  if (!template) {
    throw new RangeError(
      `${caller}: expected a chat template, got a tokenizer without one; ` +
        "pass plainTemplate or a model's own",
    );
  }
  const begin = tokenizer.decode([tokenizer.begin]);
  const end = tokenizer.decode([tokenizer.end]);
  return (messages, isAsking) =>
    tokenizer.encode(template(messages, { isAsking, date, begin, end }));
}

/**
 * A prompt and its answer as a model's own template writes them, and where
 * the audio goes: behind the system prompt, before the user's header, which is
 * the paper's order (section 2.1).
 *
 * The tokens are those of the whole text, as if there were no audio in it.
 */
export function chatPrompt(
  tokenizer: ChatTokenizer,
  text: ChatText,
  options: ChatOptions = {},
): PromptTokens {
  const tokensOf = writerOf("chatPrompt", tokenizer, options);
  for (const part of ["system", "question", "answer"] as const) {
    checkText("chatPrompt", tokenizer, { part, text: text[part] ?? "" });
  }

  const told: Message[] = [{ role: "system", content: text.system }];
  const asked: Message[] = [...told, { role: "user", content: text.question }];
  const before = tokensOf(told, false);
  const prompt = tokensOf(asked, true);
  checkStart(before, prompt, "the system prompt");
  const places = { audioAt: before.length, answerAt: prompt.length };
  if (text.answer === undefined) return { tokens: prompt, ...places };

  const said: Message = { role: "assistant", content: text.answer };
  const whole = tokensOf([...asked, said], false);
  checkStart(prompt, whole, "the open turn");
  return { tokens: endedBy(whole, tokenizer, places.answerAt), ...places };
}

/** Up to the answer's end: some templates go on with a new line. */
function endedBy(
  tokens: readonly number[],
  tokenizer: ChatTokenizer,
  answerAt: number,
): readonly number[] {
  const upTo = tokens.lastIndexOf(tokenizer.end) + 1;
  const rest = tokenizer.decode(tokens.slice(upTo));
  if (upTo > answerAt && rest.trim() === "") return tokens.slice(0, upTo);
  const end = tokenizer.decode([tokenizer.end]);
  const got = JSON.stringify(tokenizer.decode(tokens.slice(-1)));
  throw new RangeError(
    `chatPrompt: expected a template that ends an answer with ${end}, got ${got}`,
  );
}

/** A special token in what a person wrote would end the turn it stands in. */
function checkText(
  caller: string,
  { special }: ChatTokenizer,
  { part, text }: { readonly part: string; readonly text: string },
): void {
  for (const name of special.keys()) {
    if (text.includes(name)) {
      throw new RangeError(
        `${caller}: expected text without special tokens, got ${name} ` +
          `(${part})`,
      );
    }
  }
}

/** Audio and answer stand between tokens, so the text must break there. */
function checkStart(
  start: readonly number[],
  whole: readonly number[],
  name: string,
): void {
  const at = start.findIndex((token, i) => token !== whole[i]);
  if (at !== -1) {
    throw new RangeError(
      `chatPrompt: expected a template that goes on behind ${name}, ` +
        `got another text from token ${at} of ${start.length} on`,
    );
  }
}
