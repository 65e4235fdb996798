import {
  arrange,
  type Chance,
  type ComparisonRow,
  chanceIn,
  count,
  type Group,
  type Lane,
  short,
} from "./comparison-lanes.ts";
import {
  chanceLabel,
  chanceLines,
  intervals,
  labels,
  meanLabel,
  means,
  seedDots,
} from "./comparison-marks.ts";
import type { Figure } from "./figure.ts";
import { frame, type Words, widest } from "./frame.ts";
import { literal, type TextStyle } from "./text.ts";
import { ink, sizes } from "./theme.ts";

export type { Chance, ComparisonRow } from "./comparison-lanes.ts";

export interface ComparisonOptions extends Words {
  /** What is counted, with its unit: "Accuracy (%)". */
  readonly axis: string;
  /** Score of a guess, in all groups or in each. */
  readonly chance?: Chance;
  /** End of the axis; the next round number unless given. */
  readonly highest?: number;
}

/**
 * Scores of designs side by side: every seed a dot, a line from the lowest to
 * the highest, and a bar across it at their mean.
 *
 * Groups and designs keep the order of the rows. The title is the caller's,
 * computed from the same rows.
 */
export function comparison(
  rows: readonly ComparisonRow[],
  options: ComparisonOptions,
): Figure {
  checkRows(rows, options);
  const { groups, height: plotHeight } = arrange(rows);
  const lanes = groups.flatMap((group) => group.lanes);
  const words = { ...options, subtitle: withKey(options.subtitle) };
  const { layout, width, height } = frame(words, {
    plotHeight,
    left: sizes.margin + labelsWidth(groups) + 14,
    right: 56,
    bottom: 52,
  });
  const highest = options.highest ?? niceAbove(groups, options.chance);
  return {
    name: options.name,
    title: options.title,
    data: [...intervals(lanes), ...seedDots(lanes), ...means(lanes)],
    layout: {
      ...layout,
      xaxis: {
        title: { text: literal(options.axis) },
        range: [0, highest],
        showgrid: true,
        gridcolor: ink.grid,
      },
      yaxis: {
        range: [plotHeight, 0],
        visible: false,
        fixedrange: true,
      },
      shapes: chanceLines(groups, options.chance),
      annotations: [
        ...(layout.annotations ?? []),
        ...groups.flatMap((group) => labels(group)),
        ...lanes.map((lane) => meanLabel(lane)),
        ...chanceLabel(groups, options.chance),
      ],
    },
    alt: describe(lanes, options),
    width,
    height,
  };
}

/** Says what the marks are, after what the figure rests on. */
function withKey(subtitle?: string): string {
  const key = "dots are single seeds, bars their means";
  return subtitle ? `${subtitle}; ${key}` : key[0].toUpperCase() + key.slice(1);
}

/** The next round number that no score and no guess reaches beyond. */
function niceAbove(groups: readonly Group[], chance?: Chance): number {
  const best = Math.max(
    ...groups.map((group) => chanceIn(group, chance) ?? 0),
    ...groups.flatMap(({ lanes }) => lanes.map((lane) => lane.high)),
  );
  if (best === 0) return 1;
  const step = 10 ** Math.floor(Math.log10(best));
  return Math.ceil(best / step) * step;
}

/** Room for the names at the left, which get half of the figure at most. */
function labelsWidth(groups: readonly Group[]): number {
  const regular: TextStyle = { size: sizes.label };
  const names = [
    ...groups.map(({ name }) => ({ name, style: { ...regular, bold: true } })),
    ...groups.flatMap(({ lanes }) =>
      lanes.map((lane) => ({ name: lane.design, style: regular })),
    ),
  ];
  const widths = names.map(({ name, style }) => widest([name], style));
  const most = Math.max(...widths);
  if (most > sizes.width / 2) {
    throw new RangeError(
      "comparison: expected names of designs and groups of up to " +
        `${sizes.width / 2} pixels, got ${most} ` +
        `("${names[widths.indexOf(most)].name}")`,
    );
  }
  return most;
}

function describe(lanes: readonly Lane[], { axis }: ComparisonOptions): string {
  const each = lanes.map(
    (lane) =>
      `${lane.design} on ${lane.group}: ${short(lane, lane.mean)} ` +
      `(${short(lane, lane.low)} to ${short(lane, lane.high)} over ` +
      `${count(lane.seeds.length, "seed")})`,
  );
  return `${axis}, mean and range over seeds. ${each.join("; ")}.`;
}

function checkRows(
  rows: readonly ComparisonRow[],
  { name, highest = Number.POSITIVE_INFINITY }: ComparisonOptions,
) {
  if (rows.length === 0) {
    throw new RangeError(`comparison: expected rows, got none (${name})`);
  }
  const seen = new Set<string>();
  for (const { design, group, seed, score } of rows) {
    const which = `${design} on ${group}, seed ${seed}`;
    if (!(score >= 0 && score <= highest && Number.isFinite(score))) {
      throw new RangeError(
        `comparison: expected scores in 0..${highest}, got ${score} (${which})`,
      );
    }
    if (seen.has(which)) {
      throw new RangeError(
        `comparison: expected one score for each seed, got two (${which})`,
      );
    }
    seen.add(which);
  }
}
