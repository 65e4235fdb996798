import type { SpreadRow } from "./spread.ts";

/** How one design stands to another on one task. */
export interface Verdict {
  readonly task: string;
  /** How the challenger stands to the reference. */
  readonly outcome: "higher" | "lower" | "tie";
  /** Challenger minus reference, in percentage points of the means. */
  readonly difference: number;
}

/**
 * Compares two designs on the same questions.
 *
 * A tie where the ranges over the seeds touch, or where the means differ by
 * less than two standard errors of two shares of `n` questions. Two seeds
 * cannot prove more.
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
      "compareDesigns: expected rows on the same questions, got " +
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
  return { task: reference.task, outcome, difference };
}

/**
 * The verdict on every task of a set, and all of them in one sentence.
 *
 * @param rows - of both designs on one set of clips
 */
export function compareOnTasks(
  rows: readonly SpreadRow[],
  { challenger, reference }: { reference: string; challenger: string },
): { verdicts: Verdict[]; sentence: string } {
  const of = (design: string) => rows.filter((row) => row.design === design);
  const verdicts = of(reference).map((row) => {
    const rival = of(challenger).find(({ task }) => task === row.task);
    if (rival) return compareDesigns(row, rival);
    throw new RangeError(
      `compareOnTasks: expected task "${row.task}" of "${challenger}", ` +
        `got ${of(challenger).length} other rows`,
    );
  });
  const tasks = (outcome: Verdict["outcome"]) =>
    verdicts.filter((one) => one.outcome === outcome).map(({ task }) => task);
  const parts = [
    ["beats", tasks("higher")],
    ["falls behind", tasks("lower")],
    ["ties with", tasks("tie")],
  ] as const;
  const said = parts
    .filter(([, on]) => on.length > 0)
    .map(([verb, on]) => `${verb} ${reference} on ${list(on)}`);
  return { verdicts, sentence: `${capital(challenger)} ${list(said)}` };
}

/** Of the difference of two shares, in points; 0 and 100 % are not certain. */
function standardError(a: SpreadRow, b: SpreadRow): number {
  const variance = ({ mean, n }: SpreadRow) => {
    const share = ((mean / 100) * n + 1) / (n + 2);
    return (share * (1 - share)) / n;
  };
  return 100 * Math.sqrt(variance(a) + variance(b));
}

function nameOf({ n, set, task }: SpreadRow): string {
  return `${task}, ${set}, n=${n}`;
}

/** "a", "a and b", "a, b and c". */
function list(items: readonly string[]): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

function capital(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}
