/** One design's score on one group of questions, from one seed. */
export interface ComparisonRow {
  readonly design: string;
  /** Kind of question, or a set of clips: "held out". */
  readonly group: string;
  readonly seed: number;
  /** In the unit of the axis. */
  readonly score: number;
}

/** Score of a guess, in all groups or in each by its name. */
export type Chance = number | Readonly<Record<string, number>>;

/** The seeds of one design in one group, and where they are drawn. */
export interface Lane {
  readonly design: string;
  readonly group: string;
  readonly seeds: readonly { seed: number; score: number }[];
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  /** Distance from the plot's top, in pixels. */
  readonly y: number;
  /** Decimals worth showing. */
  readonly digits: number;
}

export interface Group {
  readonly name: string;
  readonly top: number;
  readonly lanes: readonly Lane[];
}

/** Heights in CSS pixels. */
export const laneHeight = 26;
export const headHeight = 26;
const groupGap = 14;

/** Stacks the groups: a head, then a lane for each design. */
export function arrange(rows: readonly ComparisonRow[]): {
  groups: Group[];
  height: number;
} {
  const groups: Group[] = [];
  // Shares of one need more decimals than percent.
  const digits = rows.every((row) => row.score <= 1) ? 3 : 1;
  let y = 0;
  for (const name of new Set(rows.map((row) => row.group))) {
    const top = y;
    const inGroup = rows.filter((row) => row.group === name);
    y += headHeight;
    const lanes = [...new Set(inGroup.map((row) => row.design))].map(
      (design) => {
        const seeds = inGroup.filter((row) => row.design === design);
        y += laneHeight;
        return lane(seeds, { y: y - laneHeight / 2, digits });
      },
    );
    groups.push({ name, top, lanes });
    y += groupGap;
  }
  return { groups, height: y };
}

function lane(
  rows: readonly ComparisonRow[],
  { y, digits }: Pick<Lane, "y" | "digits">,
): Lane {
  const scores = rows.map((row) => row.score);
  return {
    design: rows[0].design,
    group: rows[0].group,
    seeds: rows,
    mean: scores.reduce((sum, score) => sum + score, 0) / scores.length,
    low: Math.min(...scores),
    high: Math.max(...scores),
    y,
    digits,
  };
}

export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

export function short({ digits }: Lane, value: number): string {
  return value.toFixed(digits);
}

export function chanceIn(
  group: Group,
  chance: Chance | undefined,
): number | undefined {
  return typeof chance === "object" ? chance[group.name] : chance;
}
