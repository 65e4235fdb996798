import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { wordTokenizer } from "../../../lib/llm/tokenizer.ts";
import { random } from "../../../lib/tensor/random.ts";
import {
  documentAt,
  jot,
  vocabularyTexts,
} from "../../../lib/world/toy/corpus.ts";
import {
  askFamily,
  askForEvaluation,
  askForTraining,
  askName,
  askPresence,
} from "../../../lib/world/toy/questions.ts";
import { soundOf, sounds } from "../../../lib/world/toy/sounds.ts";

const labels = ["Flute", "Choir"];

describe("questions", () => {
  it("expect names in order of onset", () => {
    assert.equal(askName(labels).answer, "flute and choir .");
    assert.equal(askName(["Violin, fiddle"]).answer, "violin .");
  });

  it("ask for what is there exactly when the answer is yes", () => {
    for (let i = 0; i < 50; i++) {
      const there = askPresence(labels, true, random("yes", i));
      assert.match(there.question, /^is there a (flute|choir) \?$/);
      const absent = askPresence(labels, false, random("no", i));
      assert.doesNotMatch(absent.question, /flute|choir/);
      assert.deepEqual([there.answer, absent.answer], ["yes .", "no ."]);
    }
  });

  it("have as many yes as no in evaluation", () => {
    const answers = Array.from({ length: 20 }, (_, i) =>
      askForEvaluation(["Organ"], { i, seed: 1 }),
    ).flat();
    const count = (answer: string) =>
      answers.filter((question) => question.answer === answer).length;
    assert.deepEqual([count("yes ."), count("no .")], [10, 10]);
  });

  it("never ask for the family in training", () => {
    const chance = random("kinds");
    for (let i = 0; i < 100; i++) {
      assert.notEqual(askForTraining(["Organ"], chance).kind, "family");
    }
    assert.equal(askFamily(["Organ"]).answer, "keyboard .");
  });

  it("ask for the family of single sounds only", () => {
    const kinds = (of: string[]) =>
      askForEvaluation(of, { i: 0, seed: 1 }).map(({ kind }) => kind);
    assert.deepEqual(kinds(["Organ"]), ["name", "presence", "family"]);
    assert.deepEqual(kinds(labels), ["name", "presence"]);
  });
});

describe("the corpus", () => {
  const at = (i: number) => documentAt(i, { nJottings: 12, seed: 1 });

  it("is the same text under the same number", () => {
    assert.deepEqual(at(41), at(41));
    assert.notDeepEqual(at(41), at(42));
  });

  it("jots a word for each audio token, of the sounds that are there", () => {
    for (let i = 0; i < 200; i++) {
      const { jottings, labels: there } = at(i);
      assert.equal(jottings.length, 12);
      const known = there.flatMap((label) => {
        const { jottings: words, word } = soundOf(label);
        return [word, ...words];
      });
      assert.ok(jottings.every((word) => ["quiet", ...known].includes(word)));
      assert.ok(jottings.some((word) => word !== "quiet"));
    }
  });

  it("describes two sounds one after the other", () => {
    const notes = jot(["Flute", "Snare drum"], 12, random("jot"));
    const { jottings, word } = soundOf("Snare drum");
    const snare = [word, ...jottings];
    assert.ok(!notes.slice(0, 6).some((note) => snare.includes(note)));
  });

  it("uses known words only", () => {
    const tokenizer = wordTokenizer(vocabularyTexts());
    for (let i = 0; i < 500; i++) {
      const { answer, jottings, question } = at(i);
      const text = `${jottings.join(" ")} ${question} ${answer}`;
      assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
    }
    assert.ok(sounds.every(({ word }) => tokenizer.words.includes(word)));
  });
});
