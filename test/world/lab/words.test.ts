import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { openTokenizer } from "../../../lib/llm/hf-tokenizer.ts";
import type { Tokenizer } from "../../../lib/llm/tokenizer.ts";
import { trainBytePairs } from "../../../lib/llm/train-bpe.ts";
import { random } from "../../../lib/tensor/random.ts";
import { heardClasses, soundClasses } from "../../../lib/world/lab/classes.ts";
import { clipSets, sceneOf } from "../../../lib/world/lab/sound/sets.ts";
import { truthOf } from "../../../lib/world/lab/sound/truth.ts";
import { documentAt, unknown } from "../../../lib/world/lab/words/corpus.ts";
import { attributes, factsOf } from "../../../lib/world/lab/words/facts.ts";
import {
  ask,
  depthOf,
  questionKinds,
} from "../../../lib/world/lab/words/questions.ts";
import {
  trainTokenizer,
  writeTokenizer,
} from "../../../lib/world/lab/words/tokenizer.ts";
import { temporaryFolder } from "../../temporary.ts";

describe("the lab's facts", () => {
  it("are as often of one value as of another, heard or not", () => {
    for (const group of [heardClasses, soundClasses]) {
      for (const [attribute, values] of Object.entries(attributes)) {
        const counts = values.map(
          (value) =>
            group.filter((one) => factsOf(one)[attribute as "day"] === value)
              .length,
        );
        assert.ok(Math.max(...counts) - Math.min(...counts) <= 2, attribute);
      }
    }
  });

  it("can not be told from a name's letters", () => {
    // One rule of a letter, fitted on one half, tested on the other.
    for (const [attribute, values] of Object.entries(attributes)) {
      const letterOf = (name: string) => name.codePointAt(0)! % 7;
      const half = (odd: number) =>
        soundClasses.filter((_, i) => i % 2 === odd);
      const rule = Array.from({ length: 7 }, (_, letter) => {
        const own = half(0).filter(({ name }) => letterOf(name) === letter);
        const counts = values.map(
          (value) =>
            own.filter((one) => factsOf(one)[attribute as "day"] === value)
              .length,
        );
        return values[counts.indexOf(Math.max(...counts))];
      });
      const right = half(1).filter(
        (one) => factsOf(one)[attribute as "day"] === rule[letterOf(one.name)],
      );
      assert.ok(right.length / half(1).length < 0.4, attribute);
    }
  });
});

describe("the lab's questions", () => {
  const truths = Array.from({ length: 300 }, (_, i) => {
    const scene = sceneOf(clipSets.train, i, 1);
    return truthOf(
      scene,
      scene.events.map(({ onset }) => onset + 0.1),
    );
  });
  const asked = truths.flatMap((truth, i) =>
    questionKinds.flatMap((kind) => {
      const chance = random("test", i, kind);
      const one = ask(kind, truth, { chance, classes: heardClasses });
      return one ? [{ ...one, truth }] : [];
    }),
  );

  it("come in three depths; choices hold the answer", () => {
    assert.deepEqual([...new Set(questionKinds.map(depthOf))].sort(), [
      "T0",
      "T1",
      "T2",
    ]);
    for (const { answer, choices } of asked) {
      if (choices) assert.ok(choices.includes(answer));
    }
  });

  it("are true: a presence is there, a neighbour stands beside", () => {
    for (const { answer, kind, question, truth } of asked) {
      const there = truth.events.map(({ sound }) => sound);
      const named = soundClasses
        .map(({ name }) => name)
        .filter((name) => new RegExp(`\\b${name}\\b`).test(question));
      if (kind === "presence") {
        assert.equal(
          answer,
          named.some((n) => there.includes(n)) ? "yes" : "no",
        );
      }
      if (kind === "after" && answer !== "nothing") {
        const at = there.indexOf(answer, 1);
        assert.ok(at > 0 && named.includes(there[at - 1]));
      }
      if (kind === "keeper") {
        const keepers = there.map((name) => factsOf({ name }).keeper);
        assert.ok(keepers.includes(answer));
      }
    }
  });

  it("say yes as often as no", () => {
    const some = asked.filter(({ kind }) => kind === "presence");
    const yes = some.filter(({ answer }) => answer === "yes").length;
    assert.ok(Math.abs(yes / some.length - 0.5) < 0.1);
  });
});

describe("the lab's corpus", () => {
  it("follows from seed and number", () => {
    const of = (seed: number) =>
      Array.from({ length: 50 }, (_, i) => documentAt(i, { seed }));
    assert.deepEqual(of(1), of(1));
    assert.notDeepEqual(of(1), of(2));
  });

  it("answers unknown where nothing is described, and only there", () => {
    for (let i = 0; i < 500; i++) {
      const one = documentAt(i, { seed: 1 });
      if (one.kind !== "question") continue;
      assert.equal(one.asked.answer === unknown, one.described === "");
    }
  });

  it("has no word of a sound in the other lexicon", () => {
    const names = new RegExp(
      `\\b(${soundClasses.map(({ name }) => name).join("|")})\\b`,
    );
    for (let i = 0; i < 500; i++) {
      const one = documentAt(i, { seed: 1, lexicon: "things" });
      assert.doesNotMatch(JSON.stringify(one), names);
    }
  });
});

describe("the lab's tokenizer", () => {
  const folder = temporaryFolder();
  let tokenizer: Tokenizer;
  before(async () => {
    writeTokenizer(folder, trainTokenizer());
    tokenizer = await openTokenizer(folder);
  });

  it("has 512 entries and takes two or more for every name", () => {
    assert.equal(tokenizer.vocabularySize, 512);
    for (const { name } of soundClasses) {
      for (const text of [name, ` ${name}`]) {
        assert.ok(tokenizer.encode(text).length >= 2, text);
      }
    }
  });

  it("gives back every text, known or not", () => {
    for (const text of ["a loud bark .", " Größe 東京 \n x", ""]) {
      assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
    }
  });

  it("merges the most frequent pair first, and refuses too few texts", () => {
    const { merges } = trainBytePairs(["abab abab xy"], { size: 258 });
    assert.deepEqual(merges[0], ["a", "b"]);
    assert.throws(
      () => trainBytePairs(["ab"], { size: 300 }),
      /expected texts for 300 tokens, got pairs for 257/,
    );
  });
});
