import type { SpreadRow } from "./answers.ts";

/** What a comparison of two designs shows, in one sentence from its rows. */
export interface Verdict {
  /** How the challenger stands to the reference. */
  readonly outcome: "higher" | "lower" | "tie";
  /** Challenger minus reference, in percentage points of the means. */
  readonly difference: number;
  readonly sentence: string;
}

/**
 * Compares two designs on the same questions.
 *
 * A tie where the ranges over the seeds touch, or where the means differ by
 * less than chance alone would move one of them (one standard error of a
 * share of `n` questions, doubled). Two seeds cannot prove more.
 */
export function compareDesigns(
  reference: SpreadRow,
  challenger: SpreadRow,
): Verdict {
  const same = (["set", "task", "n"] as const).every(
    (field) => reference[field] === challenger[field],
  );
  if (!same) {
    throw new RangeError(
      `compareDesigns: expected rows on the same questions, got ` +
        `${nameOf(reference)} and ${nameOf(challenger)}`,
    );
  }
  const difference = challenger.mean - reference.mean;
  const doTouch =
    challenger.lowest <= reference.highest &&
    reference.lowest <= challenger.highest;
  const noise = 2 * standardError(reference, challenger);
  const isTie = doTouch || Math.abs(difference) < noise;
  const outcome = isTie ? "tie" : difference > 0 ? "higher" : "lower";
  const scores =
    `${challenger.mean.toFixed(0)} % against ` +
    `${reference.mean.toFixed(0)} %`;
  const claim = {
    tie:
      `No clear difference between ${challenger.design} and ` +
      `${reference.design}`,
    higher: `${sentenceCase(challenger.design)} beats ${reference.design}`,
    lower: `${sentenceCase(challenger.design)} falls behind ${reference.design}`,
  }[outcome];
  return { outcome, difference, sentence: `${claim}: ${scores}` };
}

/** Of the difference of two shares of the same size, in percentage points. */
function standardError(a: SpreadRow, b: SpreadRow): number {
  const variance = ({ mean, n }: SpreadRow) => (mean * (100 - mean)) / n;
  return Math.sqrt(variance(a) + variance(b));
}

function nameOf({ n, set, task }: SpreadRow): string {
  return `${task}, ${set}, n=${n}`;
}

function sentenceCase(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}
