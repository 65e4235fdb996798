import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, describe, it } from "node:test";
import { openTokenizer } from "../../lib/llm/hf-tokenizer.ts";
import { folderOf, temporary } from "./tokenizer-support.ts";

after(() => rmSync(temporary, { recursive: true, force: true }));

const byteLevel = {
  type: "ByteLevel",
  add_prefix_space: false,
  use_regex: true,
};

function open(model: object) {
  const added = { single_word: false, lstrip: false, rstrip: false };
  const end = { id: 0, content: "<e>", normalized: false, special: true };
  return openTokenizer(
    folderOf({
      "tokenizer_config.json": { bos_token: "<e>", eos_token: "<e>" },
      "tokenizer.json": {
        ...{ normalizer: null, post_processor: null },
        added_tokens: [{ ...added, ...end }],
        pre_tokenizer: byteLevel,
        decoder: byteLevel,
        model: {
          type: "BPE",
          vocab: { "<e>": 0, a: 1, b: 2, ab: 3, "?": 4 },
          merges: ["a b"],
          ...model,
        },
      },
    }),
  );
}

// By tokenizers 0.23.3 (Rust) on the same file.
describe("a byte without a token", () => {
  it("falls out, and its neighbours are joined", async () => {
    const { encode } = await open({});
    assert.deepEqual(encode("a\u0006b"), [1, 2]); // cut apart before
    assert.deepEqual(encode("aéb ab"), [3, 3]);
    assert.deepEqual(encode("\u0006é<e>\u0006"), [0]);
  });

  it("stays where the model has a token for what is unknown", async () => {
    const { encode } = await open({ unk_token: "?" });
    assert.deepEqual(encode("a\u0006b"), [1, 4, 2]);
  });
});
