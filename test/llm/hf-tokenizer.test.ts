import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import type { ChatTokenizer } from "../../lib/llm/chat.ts";
import { openTokenizer } from "../../lib/llm/hf-tokenizer.ts";
import {
  chatMlFiles,
  digitFiles,
  folderOf,
  llama3Folder,
  llama32Template,
  specialNames,
  temporary,
  tinyFiles,
} from "./tokenizer-support.ts";

const fixture = join(import.meta.dirname, "../fixtures/text/llama3-ids.json");
const { rows } = JSON.parse(readFileSync(fixture, "utf8")) as {
  readonly rows: readonly { text: string; ids: number[] }[];
};
after(() => rmSync(temporary, { recursive: true, force: true }));

describe("openTokenizer with Llama 3's vocabulary", () => {
  let tokenizer: ChatTokenizer;
  before(async () => {
    const folder = llama3Folder("3.2", { template: llama32Template });
    tokenizer = await openTokenizer(folder);
  });

  it("gives hard texts the ids of the original program", () => {
    assert.ok(rows.length >= 20);
    for (const { ids, text } of rows) {
      assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text));
    }
  });

  it("gives hard texts back as they were", () => {
    for (const { ids, text } of rows) assert.equal(tokenizer.decode(ids), text);
  });

  it("gives any text back as it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
      }),
    );
  });

  it("keeps spaces before punctuation, whatever the folder says", () => {
    const text = "Hello , world . it 's";
    assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
  });

  it("has Llama 3.2's ids", () => {
    // reference/encoders-and-llm.md, 4.4 and 4.5
    assert.equal(tokenizer.vocabularySize, 128_256);
    assert.equal(tokenizer.begin, 128_000);
    assert.equal(tokenizer.pad, 128_004);
    assert.equal(tokenizer.end, 128_009);
    assert.deepEqual(tokenizer.ends, [128_001, 128_008, 128_009]);
    assert.deepEqual(tokenizer.encode("<|eot_id|>"), [128_009]);
  });

  it("takes Llama 3.0's names and no template, as base models have it", async () => {
    const base = await openTokenizer(llama3Folder("3.0"));
    assert.equal(base.template, undefined);
    assert.equal(base.pad, 128_004);
    assert.equal(base.end, 128_001);
    assert.deepEqual(base.ends, [128_001, 128_009]);
  });
});

describe("openTokenizer", () => {
  const opened = (change: Readonly<Record<string, unknown>>) =>
    openTokenizer(folderOf({ ...tinyFiles(), ...change }));
  const published = (names: readonly string[]) =>
    tinyFiles(names)["tokenizer.json"];

  it("adds nothing to a text and nothing to no text", async () => {
    const tokenizer = await opened({});
    assert.deepEqual(tokenizer.encode("a a"), [97, 256]);
    assert.deepEqual(tokenizer.encode(""), []);
    assert.equal(tokenizer.decode([]), "");
  });

  it("takes the ends that the model's own list names", async () => {
    const one = { "generation_config.json": { eos_token_id: 258 } };
    assert.deepEqual((await opened(one)).ends, [258, 263]);
    const two = { "generation_config.json": { eos_token_id: [263, 258] } };
    assert.deepEqual((await opened(two)).ends, [258, 263]);
  });

  it("takes a template from its file, from the config or from a list", async () => {
    const answer = async (change: Readonly<Record<string, unknown>>) => {
      const { template } = await opened(change);
      const setting = { isAsking: false, date: "", begin: "", end: "" };
      return template?.([], setting);
    };
    const config = { chat_template: "config" };
    const list = [
      { name: "tools", template: "other" },
      { name: "default", template: "list" },
    ];
    const name = "tokenizer_config.json";
    assert.equal(await answer({ [name]: config }), "config");
    assert.equal(await answer({ [name]: { chat_template: list } }), "list");
    assert.equal(
      await answer({ [name]: config, "chat_template.jinja": "file" }),
      "file",
    );
    assert.equal(await answer({ [name]: {} }), undefined);
    await assert.rejects(opened({ [name]: { chat_template: [] } }), {
      name: "TypeError",
      message: /^openTokenizer: expected chat_template to be a text or a list/,
    });
  });

  it("lists every special token that is missing, with the nearest", async () => {
    const names = ["<|end_of_text|>", "<|eom_id|>", "<|end_header_id|>"];
    await assert.rejects(opened({ "tokenizer.json": published(names) }), {
      name: "RangeError",
      message: new RegExp(
        [
          "^openTokenizer: expected .* of a Llama 3, got 4 missing \\(.*\\)",
          "  missing <\\|begin_of_text\\|>; nearest: <\\|end_of_text\\|>",
          "  missing <\\|eot_id\\|>; nearest: <\\|eom_id\\|>",
          "  missing <\\|start_header_id\\|>; nearest: <\\|end_header_id\\|>",
          "  missing <\\|finetune_right_pad_id\\|>$",
        ].join("\n"),
      ),
    });
  });

  it("splits at every digit that Unicode knows, as the original does", async () => {
    // Ids of tokenizers 0.23.3 (Python): each digit apart, then digits in rows.
    const expected: Readonly<Record<string, readonly number[][]>> = {
      "½½": [[256, 256], [261]],
      "a½½": [
        [97, 256, 256],
        [97, 261],
      ],
      "12": [[49, 50], [273]],
      "1½": [[49, 256], [263]],
      "ⅧⅧ a٣٣": [
        [260, 260, 32, 97, 257, 257],
        [267, 32, 97, 264],
      ],
      "x²²y": [
        [120, 258, 258, 121],
        [120, 270, 121],
      ],
      a12٣b: [
        [97, 49, 50, 257, 98],
        [97, 273, 257, 98],
      ],
    };
    const apart = await openTokenizer(folderOf(digitFiles(true)));
    const inRows = await openTokenizer(folderOf(digitFiles(false)));
    for (const [text, ids] of Object.entries(expected)) {
      assert.deepEqual([apart.encode(text), inRows.encode(text)], ids, text);
    }
  });

  it("takes another family's tokens from its config", async () => {
    const tokenizer = await openTokenizer(folderOf(chatMlFiles()));
    const { begin, end, ends, pad } = tokenizer;
    assert.equal(tokenizer.decode([begin]), "<|im_start|>");
    assert.equal(tokenizer.decode([end]), "<|im_end|>");
    assert.deepEqual(ends, [end]);
    assert.equal(pad, end); // none is named
    const named = { pad_token: "<|endoftext|>" };
    const other = await openTokenizer(folderOf(chatMlFiles(named)));
    assert.equal(other.decode([other.pad]), "<|endoftext|>");
  });

  it("says which of another family's tokens is missing", async () => {
    const files = chatMlFiles({ eos_token: "<|im_and|>" });
    await assert.rejects(openTokenizer(folderOf(files)), {
      name: "RangeError",
      message:
        /expected the special tokens that tokenizer_config.json names, got 1 missing .*\n {2}missing <\|im_and\|>; nearest: <\|im_end\|>$/,
    });
    const none = chatMlFiles({ eos_token: null });
    await assert.rejects(openTokenizer(folderOf(none)), /missing eos_token/);
  });

  it("needs no headers where there is no chat", async () => {
    const names = specialNames.filter((name) => !name.includes("header"));
    const tokenizer = await opened({
      "tokenizer.json": published(names),
      "tokenizer_config.json": {},
    });
    assert.equal(tokenizer.decode([tokenizer.end]), "<|end_of_text|>");
  });

  it("says which file is absent or broken", async () => {
    await assert.rejects(
      opened({ "tokenizer_config.json": undefined }),
      /^Error: openTokenizer: expected .*, got tokenizer.json \(/,
    );
    await assert.rejects(
      openTokenizer(join(temporary, "nowhere")),
      /^Error: openTokenizer: expected a folder .*, got none \(/,
    );
    await assert.rejects(
      opened({ "tokenizer.json": '{"model"' }),
      /^Error: openTokenizer: expected JSON in .*tokenizer.json$/,
    );
    for (const broken of [{}, { model: { type: "Word" } }, "null", "[]"]) {
      await assert.rejects(
        opened({ "tokenizer.json": broken }),
        /^Error: openTokenizer: expected a tokenizer.json that can be used/,
      );
    }
    await assert.rejects(
      opened({ "generation_config.json": { eos_token_id: [1, 264] } }),
      /expected eos_token_id to name tokens below 264, got \[1,264\]/,
    );
  });

  it("refuses ids that it does not have and halves of characters", async () => {
    const { decode, encode } = await opened({});
    for (const id of [264, -1, 0.5, Number.NaN]) {
      assert.throws(() => decode([0, id]), {
        name: "RangeError",
        message: `decode: expected token ids below 264, got ${id}`,
      });
    }
    assert.throws(() => encode("ab\ud83d"), {
      name: "RangeError",
      message: "encode: expected whole characters, got half of one at 2",
    });
  });
});
