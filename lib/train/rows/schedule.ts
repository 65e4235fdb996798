import { learningRateAt, type Schedule, warmupSteps } from "../schedule.ts";
import { type Stage, scheduleOf } from "../stage.ts";

/** The learning rate of one step. */
export interface RateRow {
  /** "stage 1". */
  readonly stage: string;
  /** From 0, counted through all stages. */
  readonly step: number;
  readonly rate: number;
}

/** What decay alone leaves of a weight. */
export interface KeptRow {
  /** "decay 0.01". */
  readonly decay: string;
  /** Steps done, through all stages. */
  readonly step: number;
  /** In percent of what it was at the start. */
  readonly kept: number;
}

/** Steps of a stage that are told, besides its first, its peak and its last. */
const nTold = 60;

/** The learning rate along stages that follow one another. */
export function rateRows(stages: readonly Stage[]): RateRow[] {
  return inTurn(stages).flatMap(({ from, number, schedule }) =>
    toldSteps(schedule).map((step) => ({
      stage: `stage ${number}`,
      step: from + step,
      rate: learningRateAt(schedule, step),
    })),
  );
}

/**
 * What is left, along stages that follow one another, of a weight that gets no
 * gradient: each step takes the share rate x decay away.
 *
 * @param decays - weight decays as AdamW has them; 0 leaves all
 */
export function keptRows(
  stages: readonly Stage[],
  decays: readonly number[],
): KeptRow[] {
  return decays.flatMap((decay) => {
    let kept = 100;
    return inTurn(stages).flatMap(({ from, schedule }) => {
      const told = new Set(toldSteps(schedule));
      const rows: KeptRow[] = [];
      for (let step = 0; step < schedule.steps; step++) {
        kept *= 1 - learningRateAt(schedule, step) * decay;
        if (!told.has(step)) continue;
        rows.push({ decay: `decay ${decay}`, step: from + step + 1, kept });
      }
      return rows;
    });
  });
}

function inTurn(stages: readonly Stage[]) {
  let from = 0;
  return stages.map((stage) => {
    const schedule = scheduleOf(stage);
    const at = from;
    from += schedule.steps;
    return { number: stage.number, schedule, from: at };
  });
}

function toldSteps(schedule: Schedule): number[] {
  const last = schedule.steps - 1;
  const even = Array.from({ length: nTold + 1 }, (_, i) =>
    Math.round((i * last) / nTold),
  );
  const peak = Math.min(warmupSteps(schedule), last);
  return [...new Set([...even, peak])].sort((a, b) => a - b);
}
