import type { Data, Layout } from "plotly.js";
import {
  type Chance,
  chanceIn,
  count,
  type Group,
  headHeight,
  type Lane,
  laneHeight,
  short,
} from "./comparison-lanes.ts";
import { literal } from "./text.ts";
import { designColor, ink, sizes } from "./theme.ts";

export function intervals(lanes: readonly Lane[]): Data[] {
  return lanes.map((lane) => ({
    type: "scatter",
    mode: "lines",
    x: [lane.low, lane.high],
    y: [lane.y, lane.y],
    line: { color: designColor(lane.design), width: 2 },
    hoverinfo: "skip",
  }));
}

export function seedDots(lanes: readonly Lane[]): Data[] {
  return lanes.map((lane) => ({
    type: "scatter",
    mode: "markers",
    name: lane.design,
    x: lane.seeds.map((row) => row.score),
    y: lane.seeds.map(() => lane.y),
    text: lane.seeds.map(
      (row) => `seed ${row.seed}: ${short(lane, row.score)}`,
    ),
    marker: {
      size: sizes.dot,
      color: ink.ground,
      line: { color: designColor(lane.design), width: 1.5 },
    },
    hovertemplate: hover("%{text}"),
  }));
}

export function means(lanes: readonly Lane[]): Data[] {
  return lanes.map((lane) => ({
    type: "scatter",
    mode: "markers",
    name: lane.design,
    x: [lane.mean],
    y: [lane.y],
    marker: {
      symbol: "line-ns",
      size: 15,
      line: { color: designColor(lane.design), width: 3 },
    },
    hovertemplate: hover(
      `mean ${short(lane, lane.mean)}, ` +
        `${short(lane, lane.low)} to ${short(lane, lane.high)}, ` +
        `${count(lane.seeds.length, "seed")}`,
    ),
  }));
}

/** Its row says which design it is: the box may cover that row alone. */
const hover = (text: string) => `${text}<extra></extra>`;

type Annotation = NonNullable<Layout["annotations"]>[number];

/** The group's name above its lanes, and each design's beside its own. */
export function labels({ name, top, lanes }: Group): Annotation[] {
  const at = (y: number): Partial<Annotation> => ({
    xref: "paper",
    x: 0,
    xanchor: "right",
    xshift: -12,
    yref: "y",
    y,
    yanchor: "middle",
    align: "right",
    showarrow: false,
    borderpad: 0,
  });
  return [
    {
      ...at(top + headHeight / 2 + 3),
      text: `<b>${literal(name)}</b>`,
      font: { size: sizes.label, color: ink.title },
    },
    ...lanes.map((lane) => ({
      ...at(lane.y),
      text: literal(lane.design),
      font: { size: sizes.label, color: designColor(lane.design) },
    })),
  ] as Annotation[];
}

/** The mean in figures, right of the highest seed. */
export function meanLabel(lane: Lane): Annotation {
  return {
    text: short(lane, lane.mean),
    x: lane.high,
    xref: "x",
    xanchor: "left",
    xshift: 9,
    y: lane.y,
    yref: "y",
    yanchor: "middle",
    showarrow: false,
    borderpad: 1,
    bgcolor: ink.ground,
    font: { size: sizes.label, color: designColor(lane.design) },
  } as Annotation;
}

export function chanceLines(
  groups: readonly Group[],
  chance: Chance | undefined,
): Layout["shapes"] {
  return groups.flatMap((group) => {
    const x = chanceIn(group, chance);
    if (x === undefined) return [];
    const bottom = (group.lanes.at(-1)?.y ?? group.top) + laneHeight / 2;
    return [
      {
        type: "line" as const,
        layer: "below" as const,
        xref: "x" as const,
        x0: x,
        x1: x,
        yref: "y" as const,
        y0: group.top + headHeight - 4,
        y1: bottom,
        line: { color: ink.quiet, width: 1, dash: "4px,3px" as "dash" },
      },
    ];
  });
}

/** Said once, over the first line. */
export function chanceLabel(
  groups: readonly Group[],
  chance: Chance | undefined,
): Annotation[] {
  const group = groups.find((each) => chanceIn(each, chance) !== undefined);
  if (group === undefined) return [];
  return [
    {
      text: "chance",
      x: chanceIn(group, chance),
      xref: "x",
      xanchor: "center",
      y: group.top + headHeight - 6,
      yref: "y",
      yanchor: "bottom",
      showarrow: false,
      borderpad: 1,
      bgcolor: ink.ground,
      font: { size: sizes.tick, color: ink.quiet },
    } as Annotation,
  ];
}
