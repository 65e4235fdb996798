import type { Input, Kind } from "./kind.ts";

/** How an input can end; the last three are faults. */
export const outcomes = [
  "accepted",
  "refused",
  "CRASH",
  "HANG",
  "SILENT DIFFERENCE",
] as const;
export type Outcome = (typeof outcomes)[number];

export const isFault = (outcome: Outcome) =>
  outcome !== "accepted" && outcome !== "refused";

export interface Judged {
  readonly outcome: Outcome;
  /** The refusal, or what is wrong. */
  readonly detail?: string;
}

/** `<function>: expected <what>, got <what>`, and how some begin instead. */
const refusal = /^\w+: (expected|unknown|cannot) /;

/**
 * Reads an input and judges what came.
 *
 * An error that is not in our words is a crash that someone would have to
 * explain; a valid input that is refused is a difference.
 */
export async function judge(kind: Kind, input: Input): Promise<Judged> {
  let wrong: string | undefined;
  try {
    wrong = await kind.judge(input);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    if (input.isIntact) {
      const refused = `valid, but refused: ${detail}`;
      return { outcome: "SILENT DIFFERENCE", detail: refused };
    }
    if ((kind.refusal ?? refusal).test(detail)) {
      return { outcome: "refused", detail };
    }
    return { outcome: "CRASH", detail: `not a refusal of ours: ${detail}` };
  }
  if (wrong === undefined) return { outcome: "accepted" };
  return { outcome: "SILENT DIFFERENCE", detail: wrong };
}
