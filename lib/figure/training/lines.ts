import type { Data, Layout } from "plotly.js";
import type { Figure } from "../figure.ts";
import { frame, type Words, widest } from "../frame.ts";
import { tickFormat } from "../series.ts";
import { literal } from "../text.ts";
import { ink, partColors, sizes } from "../theme.ts";

/** A line through points, and what it is called. */
export interface Line {
  readonly name?: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Lines over what all panels share. */
export interface LinePanel {
  /** What is measured, with its unit; above the panel. */
  readonly axis: string;
  readonly lines: readonly Line[];
  /** Where the lines' names stand; at their ends unless given. */
  readonly namesAt?: "end" | "peak";
  /** A height to compare with, drawn across and named. */
  readonly level?: { readonly name: string; readonly value: number };
}

export interface LinesOptions extends Words {
  /** What the panels share: "Optimizer step". */
  readonly xAxis: string;
}

/**
 * Rows as lines: a line for each value of the column `by`, or one for all.
 *
 * ```ts
 * linesOf(rates, { x: "step", y: "rate", by: "stage" });
 * ```
 */
export function linesOf<Row extends object>(
  rows: readonly Row[],
  { by, x, y }: { readonly x: keyof Row; y: keyof Row; by?: keyof Row },
): Line[] {
  const lines = new Map<string, (readonly [number, number])[]>();
  for (const row of rows) {
    const name = by === undefined ? "" : String(row[by]);
    const points = lines.get(name) ?? [];
    lines.set(name, points);
    points.push([Number(row[x]), Number(row[y])]);
  }
  return [...lines].map(([name, points]) => ({ name, points }));
}

const panelHeight = 150;
const gap = 44;

/** Panels one above the other, over one axis: what goes together in time. */
export function linePanels(
  panels: readonly LinePanel[],
  options: LinesOptions,
): Figure {
  checkPanels(panels, options);
  const plotHeight = panels.length * (panelHeight + gap) - gap;
  const names = panels.flatMap(({ lines, namesAt = "end" }) =>
    namesAt === "end" ? lines.map(({ name = "" }) => name) : [],
  );
  const left = 64;
  const { height, layout, width } = frame(options, {
    plotHeight,
    left,
    right: 24 + widest(names, { size: sizes.label }),
    bottom: 52,
    yTitle: panels[0].axis,
  });
  const places = panels.map((panel, i) => placeOf(panel, i, plotHeight));
  const xs = panels.flatMap(({ lines }) =>
    lines.flatMap(({ points }) => points.map(([x]) => x)),
  );
  return {
    name: options.name,
    title: options.title,
    data: panels.flatMap((panel, i) =>
      panel.lines.map((line, l) => traceOf(line, colorOf(l, panel), places[i])),
    ),
    layout: {
      ...layout,
      xaxis: {
        title: { text: literal(options.xAxis) },
        range: [0, Math.max(...xs)],
        tickformat: ",",
        anchor: places[places.length - 1].axis,
      },
      ...Object.fromEntries(places.map(({ key, layout }) => [key, layout])),
      shapes: panels.flatMap((panel, i) => levelLine(panel, places[i])),
      annotations: [
        ...(layout.annotations ?? []),
        ...panels.slice(1).map(({ axis }, i) => titleOf(axis, places[i + 1])),
        ...panels.flatMap((panel, i) => namesOf(panel, places[i])),
        ...panels.flatMap((panel, i) => levelName(panel, places[i])),
      ],
    } as Partial<Layout>,
    alt: describe(panels, options),
    width,
    height,
  };

  /** Words above a panel that is not the first, at the figure's left. */
  function titleOf(axis: string, { top }: Place): Annotation {
    return {
      text: literal(axis),
      xref: "paper",
      x: 0,
      xanchor: "left",
      xshift: sizes.margin - left,
      yref: "paper",
      y: top,
      yanchor: "bottom",
      yshift: 8,
      showarrow: false,
      borderpad: 0,
      font: { size: sizes.tick, color: ink.text },
    } as Annotation;
  }
}

type Annotation = NonNullable<Layout["annotations"]>[number];

interface Place {
  /** Plotly's name of the axis, and of its layout. */
  readonly axis: "y" | `y${number}`;
  readonly key: string;
  readonly top: number;
  readonly range: readonly [number, number];
  readonly layout: Partial<Layout["yaxis"]>;
}

function placeOf(panel: LinePanel, i: number, plotHeight: number): Place {
  const top = 1 - (i * (panelHeight + gap)) / plotHeight;
  const bottom = Math.max(0, top - panelHeight / plotHeight);
  const range = rangeOf(panel);
  return {
    axis: i === 0 ? "y" : `y${i + 1}`,
    key: i === 0 ? "yaxis" : `yaxis${i + 1}`,
    top,
    range,
    layout: {
      domain: [bottom, top],
      range: [...range],
      tickformat: tickFormat(range),
      nticks: 6,
      showgrid: true,
      gridcolor: ink.grid,
      showline: false,
      tickcolor: ink.ground,
    },
  };
}

/** From the lowest to the highest value, with room for names at the peaks. */
function rangeOf({ level, lines, namesAt }: LinePanel): [number, number] {
  const values = lines.flatMap(({ points }) => points.map(([, y]) => y));
  if (level) values.push(level.value);
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const span = high - low || 1;
  const air = 0.04 * span;
  const top = high + (namesAt === "peak" || level ? 0.18 * span : air);
  return [low >= 0 ? Math.max(0, low - air) : low - air, top];
}

/** Of lines whose names stand apart from them. */
const lineColors = [partColors[1], partColors[0], ink.quiet] as const;

/** One line is black, and so are those that are named where they are. */
function colorOf(l: number, { lines, namesAt }: LinePanel): string {
  const isPlain = lines.length === 1 || namesAt === "peak";
  return isPlain ? ink.title : lineColors[l];
}

function traceOf({ name = "", points }: Line, color: string, place: Place) {
  return {
    type: "scatter",
    mode: "lines",
    name,
    yaxis: place.axis,
    x: points.map(([x]) => x),
    y: points.map(([, y]) => Number(y.toPrecision(4))),
    line: { color, width: 1.5, simplify: false },
    hovertemplate: `%{x:,}: %{y:.4~g}<extra></extra>`,
  } as Data;
}

function namesOf(panel: LinePanel, { axis }: Place): Annotation[] {
  const { lines, namesAt = "end" } = panel;
  return lines.flatMap(({ name, points }, l) => {
    if (!name) return [];
    const isAtEnd = namesAt === "end";
    const peak = points.reduce((best, p) => (p[1] > best[1] ? p : best));
    const [x, y] = isAtEnd ? points[points.length - 1] : peak;
    return {
      text: literal(name),
      ...(isAtEnd ? { xref: "paper", x: 1 } : { xref: "x", x }),
      xanchor: "left",
      xshift: isAtEnd ? 6 : 0,
      yref: axis,
      y,
      yanchor: isAtEnd ? "middle" : "bottom",
      yshift: isAtEnd ? 0 : 3,
      showarrow: false,
      borderpad: 0,
      font: { size: sizes.label, color: colorOf(l, panel) },
    } as Annotation;
  });
}

function levelLine({ level }: LinePanel, { axis }: Place) {
  if (!level) return [];
  return [
    {
      type: "line",
      xref: "paper",
      x0: 0,
      x1: 1,
      yref: axis,
      y0: level.value,
      y1: level.value,
      line: { color: ink.quiet, width: 1, dash: "4px,3px" },
    },
  ];
}

/** The level's name above its line, at the right. */
function levelName({ level }: LinePanel, { axis }: Place): Annotation[] {
  if (!level) return [];
  return [
    {
      text: literal(level.name),
      xref: "paper",
      x: 1,
      xanchor: "right",
      yref: axis,
      y: level.value,
      yanchor: "bottom",
      yshift: 2,
      showarrow: false,
      borderpad: 1,
      bgcolor: ink.ground,
      font: { size: sizes.tick, color: ink.quiet },
    } as Annotation,
  ];
}

function describe(
  panels: readonly LinePanel[],
  { xAxis }: LinesOptions,
): string {
  const inFigures = (value: number) => String(Number(value.toPrecision(3)));
  const each = panels.map(({ axis, level, lines }) => {
    const told = lines.map(({ name, points }) => {
      const ys = points.map(([, y]) => y);
      const [first, last] = [ys[0], ys[ys.length - 1]].map(inFigures);
      const range = [Math.min(...ys), Math.max(...ys)].map(inFigures);
      return (
        `${name ? `${name} ` : ""}from ${first} to ${last}, ` +
        `between ${range[0]} and ${range[1]}`
      );
    });
    const at = level ? `; ${level.name}: ${inFigures(level.value)}` : "";
    return `${axis}: ${told.join("; ")}${at}`;
  });
  return `Over ${xAxis}. ${each.join(". ")}.`;
}

function checkPanels(panels: readonly LinePanel[], { name }: LinesOptions) {
  if (panels.length === 0) {
    throw new RangeError(`linePanels: expected panels, got none (${name})`);
  }
  for (const { axis, lines, namesAt } of panels) {
    if (lines.length > lineColors.length && namesAt !== "peak") {
      throw new RangeError(
        `linePanels: expected up to ${lineColors.length} lines, ` +
          `got ${lines.length} (${axis}, ${name})`,
      );
    }
    const points = lines.flatMap((line) => line.points);
    if (lines.some((line) => line.points.length === 0) || lines.length === 0) {
      throw new RangeError(
        `linePanels: expected lines with points, got none (${axis}, ${name})`,
      );
    }
    const bad = points.find((point) => !point.every(Number.isFinite));
    if (bad) {
      throw new RangeError(
        `linePanels: expected finite points, got ${bad} (${axis}, ${name})`,
      );
    }
  }
}
