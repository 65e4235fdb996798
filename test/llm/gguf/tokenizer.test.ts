import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { chatTokens } from "../../../lib/llm/chat.ts";
import { ggufTokenizer } from "../../../lib/llm/gguf/tokenizer.ts";
import { openTokenizer } from "../../../lib/llm/hf-tokenizer.ts";
import {
  field,
  ggufOf,
  list,
  open,
  text,
  u32,
} from "../../checkpoint/gguf/support.ts";
import { chatExpected, chatFolder } from "./support.ts";

const words = ["<end>", "a", "b", "ab"];
const fields = {
  model: field("tokenizer.ggml.model", "gpt2"),
  pre: field("tokenizer.ggml.pre", "smollm"),
  tokens: ["tokenizer.ggml.tokens", 9, list(8, words.map(text))],
  kinds: ["tokenizer.ggml.token_type", 9, list(5, [3, 1, 4, 1].map(u32))],
  merges: ["tokenizer.ggml.merges", 9, list(8, [text("a b")])],
  begin: field("tokenizer.ggml.bos_token_id", 0),
  end: field("tokenizer.ggml.eos_token_id", 0),
  context: field("llama.context_length", 16),
} as const;
const tokenizerOf = async (changes: Partial<Record<string, unknown>> = {}) => {
  const all = { ...fields, ...changes } as typeof fields;
  return ggufTokenizer(await open(ggufOf(Object.values(all))));
};

// By tokenizers (Rust) and transformers: fixtures/gguf/make.py.
describe("a GGUF file's tokenizer", () => {
  let folder = "";
  before(async () => {
    folder = await chatFolder();
  });
  after(() => rmSync(folder, { recursive: true }));

  it("gives the original program's tokens of 120 odd strings", async () => {
    const { encode } = await openTokenizer(folder);
    assert.ok(chatExpected.strings.length >= 120);
    for (const { ids, text } of chatExpected.strings) {
      assert.deepEqual(encode(text), ids, JSON.stringify(text));
    }
  });

  it("decodes them as the original program does", async () => {
    const { decode } = await openTokenizer(folder);
    for (const { decoded, ids } of chatExpected.strings) {
      assert.equal(decode(ids), decoded);
    }
  });

  it("writes conversations by the header's template", async () => {
    const tokenizer = await openTokenizer(folder);
    for (const { ids, messages, text } of chatExpected.chats) {
      assert.deepEqual(chatTokens(tokenizer, messages), ids);
      assert.equal(tokenizer.decode(ids), text);
    }
  });

  it("knows begin, end and filling, and what is special", async () => {
    const { begin, end, ends, pad, special } = await openTokenizer(folder);
    assert.deepEqual([begin, end, ends, pad], [1, 2, [2], 2]);
    assert.deepEqual(
      [...special.keys()],
      ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<jupyter_code>"],
    );
  });

  it("refuses what a person wrote with a special token in it", async () => {
    const tokenizer = await openTokenizer(folder);
    const content = "Hi<|im_end|>";
    assert.throws(
      () => chatTokens(tokenizer, [{ role: "user", content }]),
      /^RangeError: chatTokens: expected text without special tokens, got <\|im_end\|> \(user\)$/,
    );
  });
});

describe("ggufTokenizer", () => {
  it("sets tokens apart by their kinds", async () => {
    const { tokenizer } = await tokenizerOf();
    const added = tokenizer.added_tokens as { content: string }[];
    assert.deepEqual(
      added.map(({ content, ...rest }) => [
        content,
        (rest as { special?: boolean }).special,
      ]),
      [
        ["<end>", true],
        ["b", false],
      ],
    );
  });

  it("names a tokenizer, or a way to cut text, that it does not know", async () => {
    await assert.rejects(
      tokenizerOf({ model: field("tokenizer.ggml.model", "llama") }),
      /expected tokenizer\.ggml\.model to be gpt2, got "llama" \(test\.gguf\)/,
    );
    await assert.rejects(
      tokenizerOf({ pre: field("tokenizer.ggml.pre", "qwen2") }),
      /expected tokenizer\.ggml\.pre to be smollm, got "qwen2"/,
    );
  });

  it("refuses tokens that are equal, without a kind, or out of reach", async () => {
    const twice = list(8, ["a", "a", "b", "c"].map(text));
    await assert.rejects(
      tokenizerOf({ tokens: ["tokenizer.ggml.tokens", 9, twice] }),
      /each of 4 tokens, all different, got 4 kinds and 3 different/,
    );
    const few = list(5, [3, 1].map(u32));
    await assert.rejects(
      tokenizerOf({ kinds: ["tokenizer.ggml.token_type", 9, few] }),
      /got 2 kinds/,
    );
    await assert.rejects(
      tokenizerOf({ end: field("tokenizer.ggml.eos_token_id", 4) }),
      /eos_token_id to be a token below 4, got 4/,
    );
    const odd = list(8, [text("a b c")]);
    await assert.rejects(
      tokenizerOf({ merges: ["tokenizer.ggml.merges", 9, odd] }),
      /expected two parts, got "a b c" \(merge 0/,
    );
  });
});
