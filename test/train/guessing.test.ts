import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { promptTokens, promptWriter } from "../../lib/llm/prompt.ts";
import { wordTokenizer } from "../../lib/llm/tokenizer.ts";
import { guessingLoss } from "../../lib/train/guessing.ts";

const tokenizer = wordTokenizer(["listen question : answer what is it ? a b"]);
const writer = promptWriter(tokenizer, (exchange) =>
  promptTokens(tokenizer, { system: "listen", ...exchange }),
);
const ask = (question: string, answer: string) => ({ question, answer });

describe("the loss of a guess", () => {
  it("is the answers' entropy over their tokens, the end among them", () => {
    const examples = ["a", "b", "b", "b"].map((word) => ask("what ?", word));
    const entropy = -(0.25 * Math.log(0.25) + 0.75 * Math.log(0.75));
    assert.ok(Math.abs(guessingLoss(examples, writer) - entropy / 2) < 1e-12);
  });

  it("is 0 where each question has one answer", () => {
    const examples = [ask("what ?", "a"), ask("is it ?", "b")];
    assert.equal(guessingLoss([...examples, ...examples], writer), 0);
  });

  it("counts by token: a longer answer spreads the same entropy", () => {
    const short = guessingLoss([ask("it ?", "a"), ask("it ?", "b")], writer);
    const long = guessingLoss([ask("it ?", "a a"), ask("it ?", "b a")], writer);
    assert.ok(Math.abs(short - Math.log(2) / 2) < 1e-12);
    assert.ok(Math.abs(long - Math.log(2) / 3) < 1e-12);
  });

  it("refuses no examples", () => {
    assert.throws(() => guessingLoss([], writer), {
      name: "RangeError",
      message: "guessingLoss: expected examples, got none",
    });
  });
});
