import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer as PublishedTokenizer } from "@huggingface/tokenizers";
import { type RawConfig, readConfig } from "../checkpoint/config-fields.ts";
import { nearestName } from "../metric/nearest-name.ts";
import { type ChatTokenizer, jinjaTemplate } from "./chat.ts";

const caller = "openTokenizer";

/** What this file uses of the package, whose types Node's rules cannot find. */
interface BytePairs {
  readonly model: { readonly vocab: readonly (string | undefined)[] };
  encode(
    text: string,
    options: { add_special_tokens: boolean },
  ): { readonly ids: number[] };
  decode(
    tokens: readonly number[],
    options: {
      skip_special_tokens: boolean;
      clean_up_tokenization_spaces: boolean;
    },
  ): string;
}

/**
 * Opens the tokenizer of a Llama 3 from a folder as Hugging Face's library
 * writes it.
 *
 * It reads tokenizer.json and tokenizer_config.json, and chat_template.jinja
 * and generation_config.json where they are. `decode` writes special tokens
 * out, so it undoes `encode`.
 */
export async function openTokenizer(folder: string): Promise<ChatTokenizer> {
  const config = readConfig(caller, join(folder, "tokenizer_config.json"));
  const published = readPublished(join(folder, "tokenizer.json"));
  if (!config || published === undefined) throw missingFiles(folder);
  const source = templateSource(folder, config);
  const pairs = bytePairs(published, config, folder);
  const vocabularySize = pairs.model.vocab.length;
  const special = specialTokens(published, folder);
  const ids = neededTokens(special, source !== undefined, folder);
  return {
    vocabularySize,
    ...ids,
    ends: endTokens(folder, { ...ids, special, vocabularySize }),
    special,
    template: source === undefined ? undefined : jinjaTemplate(source),
    encode: (text) => {
      const lone = text.search(/\p{Surrogate}/u);
      if (lone !== -1) {
        throw new RangeError(
          `encode: expected whole characters, got half of one at ${lone}`,
        );
      }
      return pairs.encode(text, { add_special_tokens: false }).ids;
    },
    decode: (tokens) => {
      const wrong = tokens.find((id) => pairs.model.vocab[id] === undefined);
      if (wrong !== undefined) {
        throw new RangeError(
          `decode: expected token ids below ${vocabularySize}, got ${wrong}`,
        );
      }
      if (tokens.length === 0) return "";
      return pairs.decode([...tokens], {
        skip_special_tokens: false,
        // The folder's own setting would turn "a , b" into "a, b".
        clean_up_tokenization_spaces: false,
      });
    },
  };
}

/** Llama 3.2's file has 17 MB; more than this is something else. */
const maxTokenizer = 100_000_000; // bytes

function readPublished(path: string): RawConfig | undefined {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return undefined;
  if (size > maxTokenizer) {
    throw new RangeError(
      `${caller}: expected at most ${maxTokenizer} bytes, got ${size} (${path})`,
    );
  }
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new Error(`${caller}: expected JSON in ${path}`, { cause });
  }
}

function missingFiles(folder: string): Error {
  const isThere = statSync(folder, { throwIfNoEntry: false })?.isDirectory();
  const got = isThere ? readdirSync(folder).slice(0, 20).join(", ") : "none";
  return new Error(
    `${caller}: expected a folder with tokenizer.json and ` +
      `tokenizer_config.json, got ${got || "an empty one"} (${folder})`,
  );
}

function bytePairs(
  published: RawConfig,
  config: RawConfig,
  folder: string,
): BytePairs {
  try {
    return new PublishedTokenizer(published, config);
  } catch (cause) {
    throw new Error(
      `${caller}: expected a tokenizer.json that can be used (${folder})`,
      { cause },
    );
  }
}

/** The template of its own file goes before the one in the config. */
function templateSource(folder: string, config: RawConfig): string | undefined {
  const path = join(folder, "chat_template.jinja");
  if (statSync(path, { throwIfNoEntry: false })) {
    return readFileSync(path, "utf8");
  }
  const { chat_template } = config;
  if (chat_template === undefined || chat_template === null) return undefined;
  const named = Array.isArray(chat_template)
    ? chat_template.find((item) => item?.name === "default")?.template
    : chat_template;
  if (typeof named === "string") return named;
  throw new TypeError(
    `${caller}: expected chat_template to be a text or a list with one ` +
      `named "default", got neither (${folder})`,
  );
}

function specialTokens(
  { added_tokens }: RawConfig,
  folder: string,
): ReadonlyMap<string, number> {
  if (!Array.isArray(added_tokens)) {
    throw new TypeError(
      `${caller}: expected a list of added_tokens in tokenizer.json (${folder})`,
    );
  }
  return new Map(
    added_tokens
      .filter(({ special }) => special)
      .map(({ content, id }) => [content as string, id as number]),
  );
}

const begin = "<|begin_of_text|>";
const endOfText = "<|end_of_text|>";
const endOfTurn = "<|eot_id|>";
const padding = "<|finetune_right_pad_id|>"; // from Llama 3.1 on

/** The place of `padding` in every Llama 3; 3.0 calls it reserved. */
const paddingId = 128_004;

/** Ids of the tokens without which nothing works, or all that are missing. */
function neededTokens(
  special: ReadonlyMap<string, number>,
  isChat: boolean,
  folder: string,
): { begin: number; end: number; pad: number } {
  const end = isChat ? endOfTurn : endOfText;
  const headers = ["<|start_header_id|>", "<|end_header_id|>"];
  const isReserved = [...special.values()].includes(paddingId);
  const pad = special.get(padding) ?? (isReserved ? paddingId : undefined);
  const missing = [begin, end, ...(isChat ? headers : [])].filter(
    (name) => !special.has(name),
  );
  if (pad === undefined) missing.push(padding);
  if (missing.length === 0) {
    return { begin: special.get(begin)!, end: special.get(end)!, pad: pad! };
  }
  const lines = missing.map((name) => {
    const near = nearestName(name, [...special.keys()]);
    return `  missing ${name}${near === undefined ? "" : `; nearest: ${near}`}`;
  });
  throw new RangeError(
    `${caller}: expected the special tokens of a Llama 3, got ` +
      `${missing.length} missing (${folder})\n${lines.join("\n")}`,
  );
}

/** Ids that end an answer: the model's own list, or all that Llama 3 has. */
function endTokens(
  folder: string,
  known: Pick<ChatTokenizer, "end" | "special" | "vocabularySize">,
): number[] {
  const path = join(folder, "generation_config.json");
  const given = readConfig(caller, path)?.eos_token_id;
  const usual = [endOfText, "<|eom_id|>", endOfTurn].flatMap(
    (name) => known.special.get(name) ?? [],
  );
  const ends = [given ?? usual].flat() as unknown[];
  const isToken = (id: unknown): id is number =>
    Number.isInteger(id) && (id as number) >= 0;
  const tokens = ends.filter(isToken);
  const wrong = ends.length - tokens.length;
  if (wrong > 0 || tokens.some((id) => id >= known.vocabularySize)) {
    throw new RangeError(
      `${caller}: expected eos_token_id to name tokens below ` +
        `${known.vocabularySize}, got ${JSON.stringify(given)} (${path})`,
    );
  }
  return [...new Set([...tokens, known.end])].sort((a, b) => a - b);
}
