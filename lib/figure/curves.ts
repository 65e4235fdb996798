import type { Data, Layout } from "plotly.js";
import type { Figure } from "./figure.ts";
import { frame, type Words, widest } from "./frame.ts";
import { smooth, thin, tickFormat } from "./series.ts";
import { literal } from "./text.ts";
import { designColor, ink, sizes } from "./theme.ts";

/** One measurement of one run. */
export interface CurveRow {
  readonly design: string;
  readonly seed: number;
  readonly step: number;
  /** In the unit of the axis. */
  readonly value: number;
}

export interface CurveOptions extends Words {
  /** What is measured, with its unit: "Loss (nats per token)". */
  readonly axis: string;
  /** What a step is: "Optimizer step" unless given. */
  readonly stepAxis?: string;
  /** Rows on either side that count in the smoothed line; 1 in 30 if absent. */
  readonly reach?: number;
  /** A value to compare with, drawn across and named. */
  readonly level?: { readonly name: string; readonly value: number };
}

interface Run {
  readonly design: string;
  readonly seed: number;
  readonly steps: readonly number[];
  readonly values: readonly number[];
  readonly smoothed: readonly number[];
}

const plotHeight = 300;

/** More points than this are not seen in a line of this width. */
const mostPoints = 75;

/**
 * A line for each run over its steps: smoothed in front, as measured behind,
 * and the design's name at its end.
 *
 * The smoothed line is a mean over neighbors on both sides, weighted by a
 * Gaussian: it does not lag behind, as an average over the past does.
 */
export function curves(
  rows: readonly CurveRow[],
  options: CurveOptions,
): Figure {
  const runs = runsOf(rows, options);
  const designs = [...new Set(runs.map((run) => run.design))];
  const { layout, width, height } = frame(options, {
    plotHeight,
    left: 56,
    right: 24 + widest(designs, { size: sizes.label }),
    bottom: 52,
    yTitle: options.axis,
  });
  const { level } = options;
  const values = runs.flatMap((run) => run.values);
  const range = paddedRange(level ? [...values, level.value] : values);
  return {
    name: options.name,
    title: options.title,
    data: [...runs.map(rawLine), ...runs.map(smoothLine)],
    layout: {
      ...layout,
      xaxis: {
        title: { text: literal(options.stepAxis ?? "Optimizer step") },
        range: [0, Math.max(...runs.map((run) => run.steps.at(-1) ?? 0))],
      },
      yaxis: {
        range,
        tickformat: tickFormat(range),
        showgrid: true,
        gridcolor: ink.grid,
        showline: false,
        ticks: "",
      },
      ...(level && { shapes: [levelLine(level)] }),
      annotations: [
        ...(layout.annotations ?? []),
        ...endLabels(designs, runs, range),
        ...(level ? [levelName(level)] : []),
      ],
    },
    alt: describe(runs, options),
    width,
    height,
  };
}

function runsOf(
  rows: readonly CurveRow[],
  { name, reach }: CurveOptions,
): Run[] {
  if (rows.length === 0) {
    throw new RangeError(`curves: expected rows, got none (${name})`);
  }
  if (reach !== undefined && !(reach >= 0)) {
    throw new RangeError(
      `curves: expected reach in rows, 0 or more, got ${reach} (${name})`,
    );
  }
  const byRun = new Map<string, CurveRow[]>();
  for (const row of rows) {
    checkRow(row);
    const key = `${row.design} ${row.seed}`;
    const run = byRun.get(key);
    if (run) run.push(row);
    else byRun.set(key, [row]);
  }
  return [...byRun.values()].map((run) => {
    const ordered = run.toSorted((a, b) => a.step - b.step);
    const thinned = (pick: (row: CurveRow, i: number) => number) =>
      thin(ordered.map(pick), mostPoints);
    const smoothed = smooth(
      ordered.map((row) => row.value),
      reach ?? ordered.length / 30,
    );
    return {
      design: run[0].design,
      seed: run[0].seed,
      steps: thinned((row) => row.step),
      values: thinned((row) => row.value),
      smoothed: thinned((_, i) => smoothed[i]),
    };
  });
}

function checkRow({ design, seed, step, value }: CurveRow) {
  if (!Number.isFinite(step) || !Number.isFinite(value)) {
    throw new RangeError(
      `curves: expected finite steps and values, got ${value} at step ` +
        `${step} (${design}, seed ${seed})`,
    );
  }
}

function rawLine(run: Run): Data {
  return {
    type: "scatter",
    mode: "lines",
    x: [...run.steps],
    y: [...run.values],
    line: { color: designColor(run.design), width: 1 },
    opacity: 0.3,
    hoverinfo: "skip",
  };
}

function smoothLine(run: Run): Data {
  return {
    type: "scatter",
    mode: "lines",
    name: run.design,
    x: [...run.steps],
    y: [...run.smoothed],
    line: { color: designColor(run.design), width: 2 },
    hovertemplate: `seed ${run.seed}, step %{x:,.0f}: %{y:.3f}<extra></extra>`,
  };
}

/** From the lowest to the highest value, with air above and below. */
function paddedRange(values: readonly number[]): [number, number] {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const air = 0.04 * (high - low) || 1;
  return [low >= 0 ? Math.max(0, low - air) : low - air, high + air];
}

type Annotation = NonNullable<Layout["annotations"]>[number];

/** Each design's name right of its lines, pushed apart where they meet. */
function endLabels(
  designs: readonly string[],
  runs: readonly Run[],
  [bottom, top]: readonly [number, number],
): Annotation[] {
  const step = (1.35 * sizes.label * (top - bottom)) / plotHeight;
  const ends = designs
    .map((design) => {
      const own = runs.filter((run) => run.design === design);
      const sum = own.reduce((s, run) => s + (run.smoothed.at(-1) ?? 0), 0);
      return { design, y: sum / own.length };
    })
    .toSorted((a, b) => a.y - b.y);
  spread(ends, step, bottom);
  return ends.map(
    ({ design, y }) =>
      ({
        text: literal(design),
        xref: "paper",
        x: 1,
        xanchor: "left",
        xshift: 6,
        yref: "y",
        y,
        yanchor: "middle",
        showarrow: false,
        borderpad: 0,
        font: { size: sizes.label, color: designColor(design) },
      }) as Annotation,
  );
}

/** Moves labels, lowest first, so that neighbors are `step` apart. */
function spread(ends: { y: number }[], step: number, bottom: number) {
  let free = bottom + step / 2;
  const wanted = ends.map((end) => end.y);
  for (const end of ends) {
    end.y = Math.max(end.y, free);
    free = end.y + step;
  }
  // Shared out, so that a crowd stands around its lines, not above them.
  const pushed = ends.map((end, i) => end.y - wanted[i]);
  const back = pushed.reduce((sum, by) => sum + by, 0) / ends.length;
  const room = Math.max(0, (ends[0]?.y ?? 0) - (bottom + step / 2));
  for (const end of ends) end.y -= Math.min(back, room);
}

type Level = NonNullable<CurveOptions["level"]>;

function levelLine({ value }: Level): NonNullable<Layout["shapes"]>[number] {
  return {
    type: "line",
    layer: "below",
    xref: "paper",
    x0: 0,
    x1: 1,
    y0: value,
    y1: value,
    line: { color: ink.quiet, width: 1, dash: "4px,3px" as "dash" },
  };
}

/** Above the line, at the right: a loss has fallen by then. */
function levelName({ name, value }: Level): Annotation {
  return {
    text: literal(name),
    xref: "paper",
    x: 1,
    xanchor: "right",
    xshift: -4,
    y: value,
    yref: "y",
    yanchor: "bottom",
    showarrow: false,
    borderpad: 1,
    bgcolor: ink.ground,
    font: { size: sizes.tick, color: ink.quiet },
  } as Annotation;
}

function describe(runs: readonly Run[], { axis, level }: CurveOptions): string {
  const each = runs.map((run) => {
    const from = run.smoothed[0].toFixed(2);
    const to = (run.smoothed.at(-1) ?? 0).toFixed(2);
    return `${run.design}, seed ${run.seed}: from ${from} to ${to}`;
  });
  const at = level ? `; ${level.name}: ${level.value.toFixed(2)}` : "";
  return `${axis} over steps, smoothed. ${each.join("; ")}${at}.`;
}
