/** Text to numbers and back. */
export interface Tokenizer {
  /** Every token id is below it. */
  readonly vocabularySize: number;
  /** Fills a row after its text. */
  readonly pad: number;
  /** Stands after an answer that is trained on. */
  readonly end: number;
  /** A model that gives one of these has said all; `end` is among them. */
  readonly ends: readonly number[];
  /** Adds no token that the text does not name. */
  encode(text: string): number[];
  decode(tokens: readonly number[]): string;
}

/** A tokenizer whose tokens are whole words. */
export interface WordTokenizer extends Tokenizer {
  /** Words by token id. */
  readonly words: readonly string[];
}

/** Fills a row after its text; the end of an answer. */
const special = ["<pad>", "<end>"] as const;

/**
 * A tokenizer with one token for each word of the texts it is made from.
 *
 * Words stand between spaces; punctuation is written as a word of its own.
 */
export function wordTokenizer(texts: Iterable<string>): WordTokenizer {
  const known = new Set<string>();
  for (const text of texts) for (const word of split(text)) known.add(word);
  for (const word of special) known.delete(word);
  const words = [...special, ...[...known].sort()];
  const ids = new Map(words.map((word, id) => [word, id]));
  return {
    words,
    vocabularySize: words.length,
    pad: 0,
    end: 1,
    ends: [1],
    encode: (text) =>
      split(text).map((word) => {
        const id = ids.get(word);
        if (id === undefined) {
          throw new RangeError(
            `encode: expected one of ${words.length} known words, ` +
              `got "${word}"`,
          );
        }
        return id;
      }),
    decode: (tokens) => tokens.map((id) => words[id]).join(" "),
  };
}

function split(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}

/**
 * Reads an answer's tokens as they come and gives the text that each adds.
 *
 * A token may end within a character: its text then waits for the next ones.
 */
export function textStream({
  decode,
}: Pick<Tokenizer, "decode">): (token: number) => string {
  const tokens: number[] = [];
  let shown = 0; // UTF-16 units
  return (token) => {
    tokens.push(token);
    const text = decode(tokens);
    // Decoders write this character where one is not complete.
    if (text.endsWith("\ufffd")) return "";
    const news = text.slice(shown);
    shown = text.length;
    return news;
  };
}
