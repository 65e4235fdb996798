import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { overSeeds } from "../../../lib/stats/spread.ts";
import { compareDesigns, compareOnTasks } from "../../../lib/stats/verdict.ts";
import {
  type Answer,
  accuracyRows,
  constantAnswerScores,
  isCorrect,
} from "../../../lib/world/toy/answers.ts";

const answer = (change: Partial<Answer>): Answer => ({
  design: "baseline",
  seed: 1,
  set: "held-out",
  clip: "test-TimGM6mb-0",
  sounds: 1,
  kind: "name",
  question: "what do you hear ?",
  expected: "flute .",
  given: "flute .",
  ...change,
});

describe("isCorrect", () => {
  const judge = (expected: string, given: string) =>
    isCorrect({ expected, given });

  it("takes names in any order, but all of them and no more", () => {
    const expected = "flute and choir .";
    assert.ok(judge(expected, "choir and flute ."));
    assert.ok(!judge(expected, "flute ."));
    assert.ok(!judge(expected, "flute and choir and organ ."));
    assert.ok(!judge(expected, "flute and flute ."));
  });

  it("does not read on after the first full stop", () => {
    assert.ok(judge("yes .", "yes . no ."));
    assert.ok(judge("yes .", "yes"));
    assert.ok(!judge("yes .", "no . yes ."));
  });

  it("does not take nothing for an answer", () => {
    assert.ok(!judge("flute .", ""));
    assert.ok(!judge("flute .", "."));
  });
});

describe("accuracyRows", () => {
  it("counts each design, seed, set and task apart", () => {
    const rows = accuracyRows([
      answer({}),
      answer({ given: "choir ." }),
      answer({ seed: 2 }),
      answer({ sounds: 2, expected: "flute and organ ." }),
      answer({ kind: "presence", expected: "yes .", given: "yes ." }),
      answer({ kind: "presence", sounds: 2, expected: "no ." }),
    ]);
    const short = rows.map((row) => [row.seed, row.task, row.n, row.accuracy]);
    assert.deepEqual(short, [
      [1, "name one", 2, 50],
      [1, "name two", 1, 0],
      [1, "yes or no", 2, 50],
      [2, "name one", 1, 100],
    ]);
  });

  it("becomes mean and range over seeds", () => {
    const rows = accuracyRows([answer({}), answer({ seed: 2, given: "?" })]);
    const [{ highest, lowest, mean, seeds }] = overSeeds(rows);
    assert.deepEqual(
      { highest, lowest, mean, seeds },
      {
        highest: 100,
        lowest: 0,
        mean: 50,
        seeds: 2,
      },
    );
  });
});

describe("constantAnswerScores", () => {
  it("is the share of the most frequent answer, task by task", () => {
    const yes = { kind: "presence", expected: "yes ." };
    const scores = constantAnswerScores([
      answer(yes),
      answer({ ...yes, expected: "no ." }),
      ...["flute .", "flute .", "organ ."].map((expected) =>
        answer({ expected }),
      ),
    ]);
    assert.deepEqual(scores, { "yes or no": 50, "name one": 200 / 3 });
  });
});

describe("compareDesigns", () => {
  const row = (design: string, scores: number[], task = "name one") => ({
    design,
    set: "held-out",
    task,
    seeds: scores.length,
    n: 200,
    mean: scores.reduce((sum, score) => sum + score, 0) / scores.length,
    lowest: Math.min(...scores),
    highest: Math.max(...scores),
  });
  const outcome = (one: number[], two: number[]) =>
    compareDesigns(row("baseline", one), row("delayed", two)).outcome;

  it("calls a tie where the seeds overlap", () => {
    assert.equal(outcome([40, 80], [70, 90]), "tie");
  });

  it("calls a tie within two standard errors", () => {
    // 50 % of 200: one standard error of a difference is 5 points.
    assert.equal(outcome([50, 50], [58, 58]), "tie");
    assert.equal(outcome([50, 50], [62, 62]), "higher");
    assert.equal(outcome([50, 50], [38, 38]), "lower");
  });

  it("does not take 0 % of a few for certain", () => {
    const few = (mean: number) => ({ ...row("x", [mean]), n: 3 });
    assert.equal(compareDesigns(few(0), few(66)).outcome, "tie");
  });

  it("says all tasks in one sentence", () => {
    const rows = [
      row("baseline", [50], "name one"),
      row("baseline", [50], "name two"),
      row("baseline", [50], "family"),
      row("delayed", [80], "family"),
      row("delayed", [20], "name two"),
      row("delayed", [51], "name one"),
    ];
    const names = { reference: "baseline", challenger: "delayed" };
    assert.equal(
      compareOnTasks(rows, names).sentence,
      "Delayed beats baseline on family, falls behind baseline on name two " +
        "and ties with baseline on name one",
    );
  });

  it("refuses to compare answers to different questions", () => {
    const other = { ...row("delayed", [1]), n: 7 };
    assert.throws(() => compareDesigns(row("baseline", [1]), other), {
      name: "RangeError",
      message:
        "compareDesigns: expected rows on the same questions, got " +
        "name one, held-out, n=200 and name one, held-out, n=7",
    });
  });
});
