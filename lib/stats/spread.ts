import { groupBy } from "./group.ts";

/** Accuracy of one design and seed on one task. */
export interface ScoreRow {
  readonly design: string;
  readonly seed: number;
  readonly set: string;
  readonly task: string;
  /** Questions asked. */
  readonly n: number;
  /** In percent. */
  readonly accuracy: number;
}

/** Rows of several seeds as one. */
export interface SpreadRow {
  readonly design: string;
  readonly set: string;
  readonly task: string;
  /** How many seeds. */
  readonly seeds: number;
  /** Questions for each seed. */
  readonly n: number;
  /** In percent, over the seeds. */
  readonly mean: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Mean, lowest and highest accuracy over the seeds. */
export function overSeeds(rows: readonly ScoreRow[]): SpreadRow[] {
  const groups = groupBy(rows, (row) => [row.design, row.set, row.task]);
  return groups.map((group) => {
    const { design, n, set, task } = group[0];
    const scores = group.map((row) => row.accuracy);
    return {
      design,
      set,
      task,
      seeds: group.length,
      n,
      mean: scores.reduce((sum, score) => sum + score, 0) / scores.length,
      lowest: Math.min(...scores),
      highest: Math.max(...scores),
    };
  });
}
