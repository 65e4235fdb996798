import type { Checkpoint } from "../../checkpoint/checkpoint.ts";
import type { RawConfig } from "../../checkpoint/config-fields.ts";
import { fieldsOfGguf } from "./fields.ts";

/** A tokenizer as the files of Hugging Face's library have it. */
export interface TokenizerFiles {
  /** tokenizer.json */
  readonly tokenizer: RawConfig;
  /** tokenizer_config.json */
  readonly config: RawConfig;
  /** generation_config.json */
  readonly generation: RawConfig;
}

const caller = "ggufTokenizer";

const byteLevel = {
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: true,
};

/** How text is cut before pairs are joined, by the name that GGUF has for it. */
const cuts: Readonly<Record<string, object>> = {
  smollm: {
    type: "Sequence",
    pretokenizers: [{ type: "Digits", individual_digits: true }, byteLevel],
  },
};

/** Kinds of tokens, of which these stand apart from the text's own. */
const control = 3;
const userDefined = 4;

/**
 * The tokenizer of a GGUF header: byte pairs over bytes, as GPT-2's.
 *
 * Bytes that the vocabulary lacks are left out, as in llama.cpp.
 *
 * @throws RangeError for another kind of tokenizer, or another way to cut a
 * text, which is named
 */
export function ggufTokenizer(gguf: Checkpoint): TokenizerFiles {
  const fields = fieldsOfGguf(caller, gguf);
  const at = (key: string) => `tokenizer.ggml.${key}`;
  expectOneOf(gguf, at("model"), fields.text(at("model")), ["gpt2"]);
  const cut = fields.text(at("pre"));
  expectOneOf(gguf, at("pre"), cut, Object.keys(cuts));
  const tokens = fields.texts(at("tokens"));
  const kinds = fields.numbers(at("token_type"));
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const nKnown = Object.keys(vocab).length;
  if (kinds.length !== tokens.length || nKnown !== tokens.length) {
    throw new RangeError(
      `${caller}: expected a kind for each of ${tokens.length} tokens, all ` +
        `different, got ${kinds.length} kinds and ${nKnown} different ` +
        `(${gguf.name})`,
    );
  }
  const named = (key: string) => fields.token(at(key), tokens.length);
  const ids = { begin: named("bos_token_id"), end: named("eos_token_id") };
  const or = (key: string, otherwise: number) =>
    fields.has(at(key)) ? named(key) : otherwise;
  const pad = or("padding_token_id", ids.end);
  const template = "tokenizer.chat_template";
  return {
    tokenizer: {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: addedTokens(tokens, kinds),
      normalizer: null,
      pre_tokenizer: cuts[cut],
      post_processor: null,
      decoder: { ...byteLevel, add_prefix_space: true },
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab,
        merges: pairsOf(gguf, fields.texts(at("merges"))),
      },
    },
    config: {
      tokenizer_class: "PreTrainedTokenizerFast",
      bos_token: tokens[ids.begin],
      eos_token: tokens[ids.end],
      pad_token: tokens[pad],
      unk_token: tokens[or("unknown_token_id", ids.end)],
      add_prefix_space: false,
      clean_up_tokenization_spaces: false,
      model_max_length: fields.count("llama.context_length"),
      ...(fields.has(template) ? { chat_template: fields.text(template) } : {}),
    },
    generation: {
      bos_token_id: ids.begin,
      eos_token_id: ids.end,
      pad_token_id: pad,
    },
  };
}

function expectOneOf(
  { name }: Checkpoint,
  key: string,
  found: string,
  known: readonly string[],
): void {
  if (known.includes(found)) return;
  throw new RangeError(
    `${caller}: expected ${key} to be ${known.join(" or ")}, ` +
      `got ${JSON.stringify(found.slice(0, 80))} (${name})`,
  );
}

function addedTokens(tokens: readonly string[], kinds: readonly number[]) {
  return tokens.flatMap((content, id) => {
    const kind = kinds[id];
    if (kind !== control && kind !== userDefined) return [];
    const plain = { single_word: false, lstrip: false, rstrip: false };
    const special = kind === control;
    return [{ id, content, ...plain, normalized: false, special }];
  });
}

function pairsOf({ name }: Checkpoint, merges: readonly string[]) {
  return merges.map((merge, i) => {
    const pair = merge.split(" ");
    if (pair.length === 2) return pair;
    throw new RangeError(
      `${caller}: expected two parts, got ${JSON.stringify(merge.slice(0, 80))} ` +
        `(merge ${i}, ${name})`,
    );
  });
}
