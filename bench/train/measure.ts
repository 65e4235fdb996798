import { type Contender, openContender } from "./contender.ts";
import type { Answer, Task } from "./tasks.ts";

/** All that was measured of a task, over all rounds. */
export interface Measured {
  readonly task: Task;
  readonly description: string;
  /** Milliseconds of each step. */
  readonly times: readonly number[];
  readonly processor: readonly number[];
  /** Of the first steps. */
  readonly losses: readonly number[];
  /** Until the first loss was there: recording or compilation, and the step. */
  readonly firstMs: number;
  readonly startMiB: number;
  readonly peakMiB: number;
}

/** How much is measured. */
export interface Effort {
  readonly rounds: number;
  /** Of each contender in each round. */
  readonly steps: number;
}

/** Steps before any is timed; their losses are compared. */
const nFirst = 3;

/** Contenders that are there at the same time, a few steps each in turns. */
export async function sideBySide(
  tasks: readonly Task[],
  { rounds, steps }: Effort,
): Promise<Measured[]> {
  const contenders: Contender[] = [];
  try {
    const first: Answer[] = [];
    for (const task of tasks) {
      const contender = openContender(task);
      contenders.push(contender);
      first.push(await contender.take(nFirst));
    }
    const answers: Answer[][] = contenders.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [i, contender] of contenders.entries()) {
        answers[i].push(await contender.take(steps));
      }
    }
    return tasks.map((task, i) => joined(task, first[i], answers[i]));
  } finally {
    for (const contender of contenders) await contender.end();
  }
}

/** Contenders too large for that: each round has a process for each. */
export async function oneByOne(
  tasks: readonly Task[],
  { rounds, steps }: Effort,
): Promise<Measured[]> {
  const parts: Measured[][] = tasks.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, task] of tasks.entries()) {
      parts[i].push(...(await sideBySide([task], { rounds: 1, steps })));
    }
  }
  return parts.map((rounds) => ({
    ...rounds[0],
    times: rounds.flatMap(({ times }) => times),
    processor: rounds.flatMap(({ processor }) => processor),
    peakMiB: Math.max(...rounds.map(({ peakMiB }) => peakMiB)),
  }));
}

function joined(
  task: Task,
  first: Answer,
  answers: readonly Answer[],
): Measured {
  const { description, losses, startMiB } = first;
  return {
    ...{ task, description, losses, startMiB },
    times: answers.flatMap(({ times }) => times),
    processor: answers.flatMap(({ processor }) => processor),
    firstMs: first.times[0],
    peakMiB: answers.at(-1)?.peakMiB ?? first.peakMiB,
  };
}

export const least = (numbers: readonly number[]) => Math.min(...numbers);

export const median = (numbers: readonly number[]) =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
