/** Byte pairs learned from texts. */
export interface BytePairs {
  /** Tokens by id: the bytes first, then what each merge makes. */
  readonly tokens: readonly string[];
  /** In the order they were learned, in GPT-2's letters for bytes. */
  readonly merges: readonly (readonly [left: string, right: string])[];
}

export interface BytePairOptions {
  /** Tokens in all, the 256 bytes included. */
  readonly size: number;
  /** Words that no token may hold whole, so that each takes two or more. */
  readonly apart?: readonly string[];
}

/** How texts are cut before pairs are counted: GPT-2's own expression. */
const pieces =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/**
 * Learns byte-level BPE (Sennrich et al. 2016, bytes as in GPT-2): the most
 * frequent pair becomes a token, again and again; equal ones in the order of
 * their letters.
 *
 * Kept by hand: the trainers in `tokenizers` know no words that must stay
 * apart.
 *
 * @throws RangeError where the texts have fewer pairs than are asked for
 */
export function trainBytePairs(
  texts: Iterable<string>,
  { apart = [], size }: BytePairOptions,
): BytePairs {
  const tokens = byteLetters();
  if (!(Number.isInteger(size) && size >= tokens.length)) {
    throw new RangeError(
      `trainBytePairs: expected a size from ${tokens.length}, got ${size}`,
    );
  }
  const words = countWords(texts);
  const kept = new Set(
    apart.flatMap((w) => [lettersOf(w), lettersOf(` ${w}`)]),
  );
  const merges: (readonly [string, string])[] = [];
  while (tokens.length < size) {
    const pair = mostFrequent(words, kept);
    if (!pair) {
      throw new RangeError(
        `trainBytePairs: expected texts for ${size} tokens, got pairs for ` +
          `${tokens.length}; give more texts`,
      );
    }
    merges.push(pair);
    tokens.push(pair.join(""));
    for (const word of words) merge(word.parts, pair);
  }
  return { tokens, merges };
}

interface Word {
  readonly parts: string[];
  readonly count: number;
}

function countWords(texts: Iterable<string>): Word[] {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const [piece] of text.matchAll(pieces)) {
      counts.set(piece, (counts.get(piece) ?? 0) + 1);
    }
  }
  return [...counts].map(([piece, count]) => ({
    parts: [...lettersOf(piece)],
    count,
  }));
}

function mostFrequent(
  words: readonly Word[],
  kept: ReadonlySet<string>,
): readonly [string, string] | undefined {
  const counts = new Map<string, number>();
  for (const { count, parts } of words) {
    for (let i = 1; i < parts.length; i++) {
      const pair = `${parts[i - 1]} ${parts[i]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  }
  let [best, most] = ["", 0];
  for (const [pair, count] of counts) {
    if (count < most || kept.has(pair.replace(" ", ""))) continue;
    if (count > most || pair < best) [best, most] = [pair, count];
  }
  const [left, right] = best.split(" ");
  return most > 0 ? [left, right] : undefined;
}

function merge(
  parts: string[],
  [left, right]: readonly [string, string],
): void {
  for (let i = 0; i + 1 < parts.length; i++) {
    if (parts[i] !== left || parts[i + 1] !== right) continue;
    parts.splice(i, 2, left + right);
  }
}

/** GPT-2 writes each byte as a letter that can be seen. */
function letterOf(byte: number): string {
  const isSeen = (b: number) =>
    (b > 32 && b < 127) || (b > 160 && b < 256 && b !== 173);
  if (isSeen(byte)) return String.fromCharCode(byte);
  let unseen = 0;
  for (let b = 0; b < byte; b++) if (!isSeen(b)) unseen++;
  return String.fromCharCode(256 + unseen);
}

const byteLetters = () => Array.from({ length: 256 }, (_, b) => letterOf(b));

function lettersOf(text: string): string {
  return [...new TextEncoder().encode(text)].map(letterOf).join("");
}

/**
 * The files of a tokenizer as Hugging Face's library writes them; special
 * tokens come first.
 *
 * @param special - the filling, and the end of an answer; the end also begins
 */
export function tokenizerFiles(
  { merges, tokens }: BytePairs,
  special: { readonly pad: string; readonly end: string },
): Record<"tokenizer.json" | "tokenizer_config.json", unknown> {
  const added = [special.pad, special.end];
  const all = [...added, ...tokens];
  const byteLevel = { type: "ByteLevel", add_prefix_space: false };
  return {
    "tokenizer.json": {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: added.map((content, id) => ({
        ...{ id, content, single_word: false, lstrip: false, rstrip: false },
        ...{ normalized: false, special: true },
      })),
      normalizer: null,
      pre_tokenizer: { ...byteLevel, trim_offsets: true, use_regex: true },
      post_processor: null,
      decoder: { ...byteLevel, trim_offsets: true, use_regex: true },
      model: {
        ...{ type: "BPE", dropout: null, unk_token: null },
        ...{ continuing_subword_prefix: null, end_of_word_suffix: null },
        ...{ fuse_unk: false, byte_fallback: false, ignore_merges: false },
        vocab: Object.fromEntries(all.map((token, id) => [token, id])),
        merges: merges.map((pair) => pair.join(" ")),
      },
    },
    "tokenizer_config.json": {
      tokenizer_class: "PreTrainedTokenizerFast",
      bos_token: special.end,
      eos_token: special.end,
      pad_token: special.pad,
      clean_up_tokenization_spaces: false,
    },
  };
}
