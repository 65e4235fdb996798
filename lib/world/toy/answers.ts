import { groupBy } from "../../stats/group.ts";

/** One answer, beside the one that was wanted. */
export interface Answer {
  readonly design: string;
  readonly seed: number;
  /** Which clips: trained SoundFonts or the held-out one. */
  readonly set: string;
  readonly clip: string;
  /** Sounds in the clip. */
  readonly sounds: number;
  /** Of question: "name", "presence" or "family". */
  readonly kind: string;
  readonly question: string;
  readonly expected: string;
  readonly given: string;
}

/** Accuracy of one design and seed on one task. */
export interface AccuracyRow {
  readonly design: string;
  readonly seed: number;
  readonly set: string;
  readonly task: string;
  /** Questions asked. */
  readonly n: number;
  readonly correct: number;
  /** In percent. */
  readonly accuracy: number;
}

/**
 * Whether an answer names what was wanted, and nothing else.
 *
 * Names count whatever their order; a name said twice, a name too many and a
 * name too few are wrong. Text after the first full stop does not count.
 */
export function isCorrect({
  expected,
  given,
}: Pick<Answer, "expected" | "given">): boolean {
  const wanted = namesIn(expected);
  const named = namesIn(given);
  return (
    wanted.length === named.length &&
    new Set(named).size === named.length &&
    wanted.every((name) => named.includes(name))
  );
}

/** The names before the first full stop: "flute and choir ." has two. */
function namesIn(answer: string): string[] {
  const [sentence] = answer.split(".");
  return sentence
    .split(" and ")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/** Tasks in the order of tables. */
const tasks = ["name one", "name two", "yes or no", "family"];

/** What is counted apart: to name two sounds is harder than to name one. */
export function taskOf({
  kind,
  sounds,
}: Pick<Answer, "kind" | "sounds">): string {
  if (kind === "name") return sounds === 1 ? "name one" : "name two";
  return kind === "presence" ? "yes or no" : kind;
}

/** One row for each design, seed, set and task. */
export function accuracyRows(
  answers: readonly Omit<Answer, "clip" | "question">[],
): AccuracyRow[] {
  const groups = groupBy(answers, (answer) => [
    answer.design,
    answer.seed,
    answer.set,
    taskOf(answer),
  ]);
  const rows = groups.map((group) => {
    const { design, seed, set } = group[0];
    const n = group.length;
    const correct = group.filter(isCorrect).length;
    const accuracy = (100 * correct) / n;
    return { design, seed, set, task: taskOf(group[0]), n, correct, accuracy };
  });
  const runs = groupBy(rows, (row) => [row.design, row.seed, row.set]);
  return runs.flatMap((run) =>
    run.toSorted((a, b) => tasks.indexOf(a.task) - tasks.indexOf(b.task)),
  );
}

/**
 * Percent that the best constant answer gets, task by task.
 *
 * What a model scores without listening, if it knows how often each answer is
 * right.
 */
export function constantAnswerScores(
  answers: readonly Pick<Answer, "expected" | "kind" | "sounds">[],
): Record<string, number> {
  const asked = groupBy(answers, (answer) => [taskOf(answer)]);
  return Object.fromEntries(
    asked.map((task) => {
      const wanted = groupBy(task, ({ expected }) => namesIn(expected).sort());
      const most = Math.max(...wanted.map((same) => same.length));
      return [taskOf(task[0]), (100 * most) / task.length];
    }),
  );
}
