import type { Data, Layout } from "plotly.js";
import type { Figure } from "./figure.ts";
import { frame, type Words, widest } from "./frame.ts";
import { literal } from "./text.ts";
import { accent, ink, sizes } from "./theme.ts";

/** One of the clips that are nearest to another, in one space. */
export interface NeighborRow {
  /** Whose features: "SSLAM". */
  readonly space: string;
  /** What the neighbor is. */
  readonly label: string;
  /** Whether that is what the clip itself is. */
  readonly isSame: boolean;
  readonly cosine: number;
}

export interface NeighborOptions extends Words {
  /** What the clip is whose neighbors are shown. */
  readonly of: string;
}

const rowHeight = 24;
const headHeight = 26;
const gap = 14;

interface Lane extends NeighborRow {
  /** Distance from the plot's top, in pixels. */
  readonly y: number;
}

/**
 * The nearest clips in each space, nearest first, over their cosine; those
 * that are the same kind of sound are filled and in color.
 */
export function neighbors(
  rows: readonly NeighborRow[],
  options: NeighborOptions,
): Figure {
  checkRows(rows, options);
  const { heads, height: plotHeight, lanes } = arrange(rows);
  const names = [...heads.map(({ space }) => space), ...labelsOf(rows)];
  const { height, layout, width } = frame(withKey(options), {
    plotHeight,
    left: sizes.margin + widest(names, { size: sizes.label, bold: true }) + 14,
    right: 56,
    bottom: 52,
  });
  const lowest = Math.min(...rows.map((row) => row.cosine));
  const air = 0.06 * (1 - lowest) || 0.001;
  return {
    name: options.name,
    title: options.title,
    data: [dots(lanes, true), dots(lanes, false)],
    layout: {
      ...layout,
      xaxis: {
        title: { text: "Cosine to the clip (1: the same direction)" },
        range: [lowest - air, 1],
        showgrid: true,
        gridcolor: ink.grid,
      },
      yaxis: { range: [plotHeight, 0], visible: false, fixedrange: true },
      annotations: [
        ...(layout.annotations ?? []),
        ...heads.map(({ space, y }) => left(`<b>${literal(space)}</b>`, y)),
        ...lanes.map(({ isSame, label, y }) =>
          left(literal(label), y, isSame ? accent : ink.text),
        ),
      ],
    },
    alt: describe(rows, options),
    width,
    height,
  };
}

const labelsOf = (rows: readonly NeighborRow[]) =>
  rows.map(({ label }) => label);

/** Says what is drawn, after what the figure rests on. */
function withKey({ of, subtitle, ...words }: NeighborOptions): Words {
  const key = `filled: the same sound as the clip, ${of}`;
  return { ...words, subtitle: subtitle ? `${subtitle}; ${key}` : key };
}

function arrange(rows: readonly NeighborRow[]) {
  const heads: { space: string; y: number }[] = [];
  const lanes: Lane[] = [];
  let y = 0;
  for (const space of new Set(rows.map((row) => row.space))) {
    heads.push({ space, y: y + headHeight / 2 });
    y += headHeight;
    for (const row of rows.filter((other) => other.space === space)) {
      lanes.push({ ...row, y: y + rowHeight / 2 });
      y += rowHeight;
    }
    y += gap;
  }
  return { heads, lanes, height: y };
}

function dots(lanes: readonly Lane[], isSame: boolean): Data {
  const shown = lanes.filter((lane) => lane.isSame === isSame);
  const color = isSame ? accent : ink.quiet;
  return {
    type: "scatter",
    mode: "markers",
    x: shown.map((lane) => Number(lane.cosine.toPrecision(5))),
    y: shown.map((lane) => lane.y),
    text: shown.map((lane) => `cosine ${lane.cosine.toFixed(4)}`),
    marker: {
      size: sizes.dot + 2,
      color: isSame ? color : ink.ground,
      line: { color, width: 1.5 },
    },
    hovertemplate: "%{text}<extra></extra>",
  };
}

type Annotation = NonNullable<Layout["annotations"]>[number];

/** Words left of the plot. */
function left(text: string, y: number, color: string = ink.title): Annotation {
  return {
    text,
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
    font: { size: sizes.label, color },
  } as Annotation;
}

function describe(
  rows: readonly NeighborRow[],
  { of }: NeighborOptions,
): string {
  const each = [...new Set(rows.map((row) => row.space))].map((space) => {
    const list = rows
      .filter((row) => row.space === space)
      .map((row) => `${row.label} (${row.cosine.toFixed(3)})`);
    return `${space}: ${list.join(", ")}`;
  });
  return `Nearest clips to ${of}, with their cosine. ${each.join("; ")}.`;
}

function checkRows(rows: readonly NeighborRow[], { name }: NeighborOptions) {
  if (rows.length === 0) {
    throw new RangeError(`neighbors: expected rows, got none (${name})`);
  }
  const bad = rows.find(({ cosine }) => !(Math.abs(cosine) <= 1 + 1e-9));
  if (bad) {
    throw new RangeError(
      `neighbors: expected cosines from -1 to 1, got ${bad.cosine} ` +
        `(${bad.label} in ${bad.space})`,
    );
  }
}
