import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer as PublishedTokenizer } from "@huggingface/tokenizers";
import { type RawConfig, readConfig } from "../checkpoint/config-fields.ts";
import { type ChatTokenizer, jinjaTemplate } from "./chat.ts";
import { withUnicodeDigits } from "./digits.ts";
import { withoutMissingBytes } from "./missing-bytes.ts";
import { llama3Ends, neededTokens } from "./special-tokens.ts";

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
 * Opens the tokenizer of a Llama, or of a model built like one, from a folder
 * as Hugging Face's library writes it.
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
  const tokens = addedTokens(published, folder);
  const special = idsOf(tokens.filter((token) => token.special));
  const ids = neededTokens({
    caller,
    folder,
    config,
    added: idsOf(tokens),
    isChat: source !== undefined,
  });
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
    return new PublishedTokenizer(
      withoutMissingBytes(withUnicodeDigits(published)),
      config,
    );
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

interface AddedToken {
  readonly content: string;
  readonly id: number;
  readonly special: boolean;
}

const idsOf = (tokens: readonly AddedToken[]): ReadonlyMap<string, number> =>
  new Map(tokens.map(({ content, id }) => [content, id]));

function addedTokens(
  { added_tokens }: RawConfig,
  folder: string,
): readonly AddedToken[] {
  if (!Array.isArray(added_tokens)) {
    throw new TypeError(
      `${caller}: expected a list of added_tokens in tokenizer.json (${folder})`,
    );
  }
  return added_tokens;
}

/** Ids that end an answer: the model's own list, or all that Llama 3 has;
 * `end` in any case. */
function endTokens(
  folder: string,
  known: Pick<ChatTokenizer, "end" | "special" | "vocabularySize">,
): number[] {
  const path = join(folder, "generation_config.json");
  const given = readConfig(caller, path)?.eos_token_id;
  const usual = llama3Ends.flatMap((name) => known.special.get(name) ?? []);
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
