import type { RawConfig } from "../checkpoint/config-fields.ts";
import { nearestName } from "../metric/nearest-name.ts";

/** Ids of the tokens without which nothing works. */
export interface NeededTokens {
  readonly begin: number;
  readonly end: number;
  readonly pad: number;
}

/** Where a model's tokens are named. */
export interface TokenNames {
  readonly caller: string;
  readonly folder: string;
  /** tokenizer_config.json. */
  readonly config: RawConfig;
  /** Ids of all added tokens, special or not, by their text. */
  readonly added: ReadonlyMap<string, number>;
  readonly isChat: boolean;
}

const begin = "<|begin_of_text|>";
const endOfText = "<|end_of_text|>";
const endOfTurn = "<|eot_id|>";
const padding = "<|finetune_right_pad_id|>"; // from Llama 3.1 on

/** The place of `padding` in every Llama 3; 3.0 calls it reserved. */
const paddingId = 128_004;

/** What Llama 3 ends an answer with, as far as a model has it. */
export const llama3Ends = [endOfText, "<|eom_id|>", endOfTurn] as const;

/**
 * Begin, end and filling: Llama 3's by their names, another family's as
 * tokenizer_config.json has them.
 *
 * Where no filling is named it is the end: what stands after a text is masked.
 *
 * @throws RangeError that lists all that are missing, with the nearest names
 */
export function neededTokens(names: TokenNames): NeededTokens {
  const named = textOf(names.config.bos_token) ?? begin;
  return named === begin ? llama3Tokens(names) : familyTokens(names);
}

/** A token as configs write it: its text, or a record with the text in it. */
function textOf(token: unknown): string | undefined {
  const text =
    typeof token === "object" && token !== null
      ? (token as { readonly content?: unknown }).content
      : token;
  return typeof text === "string" ? text : undefined;
}

function familyTokens(names: TokenNames): NeededTokens {
  const { added, config } = names;
  const wanted = ["bos_token", "eos_token"].map((key) => textOf(config[key]));
  const missing = wanted.flatMap((text, i) => {
    if (text === undefined) return [["bos_token", "eos_token"][i]];
    return added.has(text) ? [] : [text];
  });
  if (missing.length > 0) {
    throw missingTokens("that tokenizer_config.json names", missing, names);
  }
  const [first, end] = wanted.map((text) => added.get(text!)!);
  const pad = added.get(textOf(config.pad_token) ?? "") ?? end;
  return { begin: first, end, pad };
}

function llama3Tokens(names: TokenNames): NeededTokens {
  const { added, isChat } = names;
  const end = isChat ? endOfTurn : endOfText;
  const headers = ["<|start_header_id|>", "<|end_header_id|>"];
  const isReserved = [...added.values()].includes(paddingId);
  const pad = added.get(padding) ?? (isReserved ? paddingId : undefined);
  const missing = [begin, end, ...(isChat ? headers : [])].filter(
    (name) => !added.has(name),
  );
  if (pad === undefined) missing.push(padding);
  if (missing.length > 0) {
    const other = "another model names its own in tokenizer_config.json";
    const where = `${names.folder}; ${other}`;
    throw missingTokens("of a Llama 3", missing, { ...names, folder: where });
  }
  return { begin: added.get(begin)!, end: added.get(end)!, pad: pad! };
}

function missingTokens(
  wanted: string,
  missing: readonly string[],
  { added, caller, folder }: TokenNames,
): RangeError {
  const lines = missing.map((name) => {
    const near = nearestName(name, [...added.keys()]);
    return `  missing ${name}${near === undefined ? "" : `; nearest: ${near}`}`;
  });
  return new RangeError(
    `${caller}: expected the special tokens ${wanted}, got ` +
      `${missing.length} missing (${folder})\n${lines.join("\n")}`,
  );
}
