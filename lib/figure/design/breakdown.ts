import type { Data, Layout } from "plotly.js";
import type { Figure } from "../figure.ts";
import { frame, type Words, widest } from "../frame.ts";
import { literal } from "../text.ts";
import { designColor, ink, partColors, sizes } from "../theme.ts";
import {
  arrange,
  keyLines,
  type Lane,
  type PartRow,
} from "./breakdown-lanes.ts";

export type { PartRow } from "./breakdown-lanes.ts";

export interface BreakdownOptions extends Words {
  /** What is counted, with its unit: "GFLOPs". */
  readonly axis: string;
}

const barHeight = 15;

/**
 * Wholes as bars of their parts: a bar for each design in each group, its
 * total at its end.
 *
 * Groups, designs and parts keep the order of the rows; parts that a design
 * lacks are 0.
 */
export function breakdown(
  rows: readonly PartRow[],
  options: BreakdownOptions,
): Figure {
  checkRows(rows, options);
  const parts = [...new Set(rows.map(({ part }) => part))];
  const { heads, lanes, height: plotHeight } = arrange(rows, parts);
  const names = lanes.flatMap(({ design, group }) => [design, group]);
  const left =
    sizes.margin + widest(names, { size: sizes.label, bold: true }) + 14;
  const { layout, width, height } = frame(options, {
    plotHeight,
    left,
    right: 60,
    bottom: 52,
  });
  const highest = Math.max(...lanes.map(({ total }) => total));
  return {
    name: options.name,
    title: options.title,
    data: parts.map((part, i) => barsOf(part, i, lanes)),
    layout: {
      ...layout,
      barmode: "stack",
      xaxis: {
        title: { text: literal(options.axis) },
        range: [0, 1.02 * highest],
        showgrid: true,
        gridcolor: ink.grid,
      },
      yaxis: { range: [plotHeight, 0], visible: false, fixedrange: true },
      annotations: [
        ...(layout.annotations ?? []),
        keyOf(parts, left),
        ...heads.map(({ group, y }) =>
          beside(`<b>${literal(group)}</b>`, y, ink.title),
        ),
        ...lanes.flatMap(laneLabels),
      ],
    },
    alt: describe(lanes, parts, options),
    width,
    height,
  };
}

function barsOf(part: string, i: number, lanes: readonly Lane[]): Data {
  return {
    type: "bar",
    orientation: "h",
    name: part,
    x: lanes.map(({ values }) => Number(values[i].toPrecision(6))),
    y: lanes.map(({ y }) => y),
    width: barHeight,
    text: lanes.map(({ design, group }) => `${design}, ${group}`),
    textposition: "none",
    marker: {
      color: partColors[i],
      line: { color: ink.ground, width: 1 },
    },
    hovertemplate: `${literal(part)} %{x}<extra></extra>`,
  };
}

type Annotation = NonNullable<Layout["annotations"]>[number];

/** Words left of the plot. */
function beside(text: string, y: number, color: string): Annotation {
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

/** The design at a bar's left, its total at its right. */
function laneLabels({ design, total, y }: Lane): Annotation[] {
  return [
    beside(literal(design), y, designColor(design)),
    {
      text: inFigures(total),
      xref: "x",
      x: total,
      xanchor: "left",
      xshift: 6,
      yref: "y",
      y,
      yanchor: "middle",
      showarrow: false,
      borderpad: 1,
      bgcolor: ink.ground,
      font: { size: sizes.label, color: ink.text },
    } as Annotation,
  ];
}

/** Three digits, without an exponent. */
function inFigures(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/**
 * What the colors are, above the first group, from the figure's left: one text,
 * so that a wide font moves its parts apart and not over each other.
 */
function keyOf(parts: readonly string[], left: number): Annotation {
  const entries = parts.map(
    (part, i) =>
      `<span style="color:${partColors[i]}">■</span>&nbsp;${literal(part)}`,
  );
  const gap = "&nbsp;&nbsp; ";
  const nLines = keyLines(parts);
  const perLine = Math.ceil(entries.length / nLines);
  const lines = Array.from({ length: nLines }, (_, i) =>
    entries.slice(i * perLine, (i + 1) * perLine).join(gap),
  );
  return {
    text: lines.join("<br>"),
    xref: "paper",
    x: 0,
    xanchor: "left",
    xshift: sizes.margin - left,
    yref: "y",
    y: 0,
    yanchor: "top",
    align: "left",
    showarrow: false,
    borderpad: 0,
    bgcolor: ink.ground,
    font: { size: sizes.tick, color: ink.text },
  } as Annotation;
}

function describe(
  lanes: readonly Lane[],
  parts: readonly string[],
  { axis }: BreakdownOptions,
): string {
  const each = lanes.map(({ design, group, total, values }) => {
    const shares = parts.map((part, i) => `${part} ${inFigures(values[i])}`);
    return `${design}, ${group}: ${inFigures(total)} (${shares.join(", ")})`;
  });
  return `${axis}. ${each.join("; ")}.`;
}

function checkRows(rows: readonly PartRow[], { name }: BreakdownOptions) {
  if (rows.length === 0) {
    throw new RangeError(`breakdown: expected rows, got none (${name})`);
  }
  const nParts = new Set(rows.map(({ part }) => part)).size;
  if (nParts > partColors.length) {
    throw new RangeError(
      `breakdown: expected up to ${partColors.length} parts, got ${nParts} ` +
        `(${name})`,
    );
  }
  const seen = new Set<string>();
  for (const { design, group, part, value } of rows) {
    const which = `${part} of ${design}, ${group}`;
    if (!(value >= 0 && Number.isFinite(value))) {
      throw new RangeError(
        `breakdown: expected values of 0 or more, got ${value} (${which})`,
      );
    }
    if (seen.has(which)) {
      throw new RangeError(
        `breakdown: expected one value for each part, got two (${which})`,
      );
    }
    seen.add(which);
  }
}
