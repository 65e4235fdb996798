import { roomFor } from "../text.ts";
import { sizes } from "../theme.ts";

/** One part of a whole: the FFN's share of a design's operations. */
export interface PartRow {
  readonly design: string;
  /** What is counted: "forward pass". */
  readonly group: string;
  readonly part: string;
  /** In the unit of the axis. */
  readonly value: number;
}

/** A bar and where it lies. */
export interface Lane {
  readonly group: string;
  readonly design: string;
  readonly values: readonly number[];
  readonly total: number;
  /** Distance from the plot's top, in CSS pixels. */
  readonly y: number;
}

const laneHeight = 22;
const headHeight = 24;
const groupGap = 10;

/** Room for the names of the parts, above the first group. */
const keyHeight = (parts: readonly string[]) => 10 + 16 * keyLines(parts);

/** Lines that the parts' names need in a figure's width, in any font. */
export function keyLines(parts: readonly string[]): number {
  const style = { size: sizes.tick };
  const widths = parts.map((part) => roomFor(`■ ${part}`, style) + 16);
  const total = widths.reduce((sum, width) => sum + width, 0);
  return Math.ceil(total / (sizes.width - 2 * sizes.margin));
}

/** Stacks the groups: a head, then a lane for each design. */
export function arrange(rows: readonly PartRow[], parts: readonly string[]) {
  const heads: { group: string; y: number }[] = [];
  const lanes: Lane[] = [];
  let y = keyHeight(parts);
  for (const group of new Set(rows.map((row) => row.group))) {
    const inGroup = rows.filter((row) => row.group === group);
    heads.push({ group, y: y + headHeight / 2 });
    y += headHeight;
    for (const design of new Set(inGroup.map((row) => row.design))) {
      const own = inGroup.filter((row) => row.design === design);
      const values = parts.map(
        (part) => own.find((row) => row.part === part)?.value ?? 0,
      );
      const total = values.reduce((sum, value) => sum + value, 0);
      lanes.push({ group, design, values, total, y: y + laneHeight / 2 });
      y += laneHeight;
    }
    y += groupGap;
  }
  return { heads, lanes, height: y };
}
