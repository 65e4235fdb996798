/** Words to numbers and back. */
export interface Tokenizer {
  /** Words by token id. */
  readonly words: readonly string[];
  readonly pad: number;
  readonly end: number;
  encode(text: string): number[];
  decode(tokens: readonly number[]): string;
}

/** Fills a row after its text; the end of an answer. */
const special = ["<pad>", "<end>"] as const;

/**
 * A tokenizer with one token for each word of the texts it is made from.
 *
 * Words stand between spaces; punctuation is written as a word of its own.
 */
export function wordTokenizer(texts: Iterable<string>): Tokenizer {
  const known = new Set<string>();
  for (const text of texts) for (const word of split(text)) known.add(word);
  for (const word of special) known.delete(word);
  const words = [...special, ...[...known].sort()];
  const ids = new Map(words.map((word, id) => [word, id]));
  return {
    words,
    pad: 0,
    end: 1,
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
