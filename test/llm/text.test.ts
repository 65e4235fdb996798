import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bucketLength, padRows, promptTokens } from "../../lib/llm/prompt.ts";
import { textStream, wordTokenizer } from "../../lib/llm/tokenizer.ts";

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

describe("textStream", () => {
  /** A token for each byte. */
  const bytes = {
    encode: (text: string) => [...new TextEncoder().encode(text)],
    decode: (tokens: readonly number[]) =>
      new TextDecoder().decode(Uint8Array.from(tokens)),
  };

  it("gives a text in pieces, whole characters only", () => {
    const read = textStream(bytes);
    const pieces = bytes.encode("a é🙂.").map(read);
    assert.deepEqual(pieces, ["a", " ", "", "é", "", "", "", "🙂", "."]);
  });

  it("gives words with the spaces between them", () => {
    const read = textStream(tokenizer);
    const pieces = tokenizer.encode("is it a bell ?").map(read);
    assert.deepEqual(pieces, ["is", " it", " a", " bell", " ?"]);
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

describe("bucketLength", () => {
  it("is the next of few lengths", () => {
    const lengths = [0, 1, 16, 17, 24, 25, 33, 49, 65, 100, 129, 193, 2000];
    assert.deepEqual(
      lengths.map((length) => bucketLength(length)),
      [16, 16, 16, 24, 24, 32, 48, 64, 96, 128, 192, 256, 2048],
    );
  });

  it("never needs many lengths, nor much filling", () => {
    const lengths = Array.from({ length: 4096 - 16 }, (_, i) => i + 17);
    const buckets = lengths.map((length) => bucketLength(length));
    assert.equal(new Set(buckets).size, 16);
    for (const [i, length] of lengths.entries()) {
      assert.ok(buckets[i] >= length && buckets[i] < 1.5 * length);
    }
  });

  it("stays within the model's positions and refuses what does not fit", () => {
    assert.equal(bucketLength(33, 40), 40);
    assert.equal(bucketLength(40, 40), 40);
    for (const length of [41, -1, 2.5, Number.NaN]) {
      assert.throws(() => bucketLength(length, 40), {
        name: "RangeError",
        message:
          "bucketLength: expected a whole number of tokens, at most 40, " +
          `got ${length}; shorten the prompt`,
      });
    }
  });
});
