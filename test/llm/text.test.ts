import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { answerGreedily } from "../../lib/llm/generate.ts";
import { padRows, promptTokens } from "../../lib/llm/prompt.ts";
import { wordTokenizer } from "../../lib/llm/tokenizer.ts";

const tokenizer = wordTokenizer([
  "question : answer : listen . is it a bell ? yes no",
]);

describe("wordTokenizer", () => {
  it("gives words back as they were", () => {
    const text = "is it a bell ? yes .";
    assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
  });

  it("numbers the same words the same way in any order of texts", () => {
    const other = wordTokenizer(["b a", "c"]);
    assert.deepEqual(other.words, wordTokenizer(["c b", "a a"]).words);
  });

  it("refuses a word it does not know", () => {
    assert.throws(() => tokenizer.encode("is it a gong ?"), {
      name: "RangeError",
      message: 'encode: expected one of 14 known words, got "gong"',
    });
  });
});

describe("promptTokens", () => {
  const text = { system: "listen .", question: "is it a bell ?" };

  it("puts system, user and response in the paper's order", () => {
    const { answerAt, audioAt, tokens } = promptTokens(tokenizer, {
      ...text,
      answer: "yes .",
    });
    assert.equal(
      tokenizer.decode(tokens),
      "listen . question : is it a bell ? answer : yes . <end>",
    );
    assert.equal(audioAt, 2);
    assert.equal(tokenizer.words[tokens[answerAt]], "yes");
  });

  it("ends where the answer should start if there is none", () => {
    const { answerAt, tokens } = promptTokens(tokenizer, text);
    assert.equal(answerAt, tokens.length);
  });

  it("fills rows on the right and refuses longer ones", () => {
    const padded = padRows([[5], [6, 7]], { length: 3, pad: 0 });
    assert.deepEqual([...padded], [5, 0, 0, 6, 7, 0]);
    assert.throws(() => padRows([[1, 2, 3]], { length: 2, pad: 0 }), {
      message: "padRows: expected at most 2 tokens, got 3 (row 0)",
    });
  });
});

describe("answerGreedily", () => {
  /** A model that counts up: the best token after x is x + 1. */
  const counting = (rows: readonly (readonly number[])[]) =>
    rows.flatMap((row) =>
      Array.from({ length: 8 }, (_, i) => (row[i] ?? 0) + 1),
    );

  it("stops each row at its own end token", () => {
    const made = answerGreedily([[1], [4, 5]], counting, {
      end: 7,
      length: 8,
      nNew: 10,
    });
    assert.deepEqual(made, [[2, 3, 4, 5, 6], [6]]);
  });

  it("stops after as many tokens as allowed", () => {
    const options = { end: -1, length: 8, nNew: 2 };
    assert.deepEqual(answerGreedily([[1]], counting, options), [[2, 3]]);
  });
});
