import type { Data, Layout } from "plotly.js";
import type { Figure } from "../figure.ts";
import { barShift, frame, type Words, widest } from "../frame.ts";
import { literal } from "../text.ts";
import { designColor, heat, ink, lane, sizes } from "../theme.ts";
import {
  checkRows,
  columnOf,
  gridOf,
  type LayerGrid,
  type LayerMapOptions,
  type LayerTokenRow,
  numbersOf,
  type Panel,
} from "./layer-grid.ts";
import { type Annotation, labelTrace, words } from "./plotly-words.ts";

export type { LayerMapOptions, LayerTokenRow } from "./layer-grid.ts";

/**
 * A map for each design: text tokens to the right, layers upward, and a color
 * for what was measured there. All maps have one scale.
 *
 * Exact zeros are gray, apart from the white of what is merely small.
 */
export function layerMap(
  rows: readonly LayerTokenRow[],
  options: LayerMapOptions,
): Figure {
  checkRows(rows, options);
  const bar = widest([options.axis], { size: sizes.tick }) + barShift;
  const grid = gridOf(rows, options, sizes.width - 2 * sizes.margin - bar);
  const { layout, width, height } = frame(withKey(options), {
    plotHeight: grid.height,
    left: sizes.margin,
    right: bar + sizes.margin,
    bottom: sizes.margin,
    barTitle: options.axis,
  });
  const highest = Math.max(...rows.map(({ value }) => value));
  return {
    name: options.name,
    title: options.title,
    data: [
      ...(grid.panels.map((panel, i) => ({
        ...heatOf(rows, { panel, grid, options }),
        ...scaleOf(highest, i === 0),
      })) as Data[]),
      labelTrace(numbersOf(grid), "middle left"),
    ],
    layout: {
      ...layout,
      xaxis: { range: [0, grid.width], visible: false, fixedrange: true },
      yaxis: { range: [grid.height, 0], visible: false, fixedrange: true },
      shapes: grid.panels.flatMap((panel) => shapesOf(panel, grid, options)),
      annotations: [
        ...(layout.annotations ?? []),
        ...grid.panels.flatMap((panel) => labelsOf(panel, grid, options)),
      ],
    },
    alt: describe(rows, options),
    width,
    height,
  };
}

function withKey({ subtitle, ...rest }: LayerMapOptions): Words {
  const key = "gray: exactly 0; dotted: the place of the audio";
  return { ...rest, subtitle: subtitle ? `${subtitle}; ${key}` : key };
}

interface Drawn {
  readonly panel: Panel;
  readonly grid: LayerGrid;
  readonly options: LayerMapOptions;
}

/** The map of one panel, with holes where the value is exactly 0. */
function heatOf(rows: readonly LayerTokenRow[], drawn: Drawn) {
  const { audioAt, axis, tokens } = drawn.options;
  const { cellHeight, cellWidth, nLayers } = drawn.grid;
  const { design, left, top } = drawn.panel;
  const z: (number | null)[][] = Array.from({ length: nLayers }, () =>
    Array(tokens.length + 1).fill(null),
  );
  for (const { layer, token, value } of rows.filter(
    (row) => row.design === design,
  )) {
    const column = columnOf(token, audioAt);
    z[layer][column] = value === 0 ? null : Number(value.toPrecision(3));
  }
  return {
    type: "heatmap",
    name: design,
    x0: left + cellWidth / 2,
    dx: cellWidth,
    y0: top + (nLayers - 0.5) * cellHeight,
    dy: -cellHeight,
    z,
    hoverongaps: false,
    hovertemplate: `${literal(axis)} %{z}<extra></extra>`,
  };
}

/** The colors, the same in each panel; one of them has the bar. */
function scaleOf(highest: number, showscale: boolean) {
  return {
    zmin: 0,
    zmax: highest || 1,
    colorscale: heat,
    showscale,
    colorbar: {
      thickness: 10,
      len: 1,
      lenmode: "fraction",
      x: 1,
      xpad: barShift,
      ypad: 0,
      outlinewidth: 1,
      outlinecolor: ink.axis,
      ticks: "outside",
      ticklen: 4,
      tickcolor: ink.axis,
      ticklabeloverflow: "allow",
      tickfont: { size: sizes.tick, color: ink.text },
    },
  };
}

/** The gray of zeros under the map, and the place of the audio. */
function shapesOf(
  { left, top }: Panel,
  { cellHeight, cellWidth, nLayers }: LayerGrid,
  { audioAt, tokens }: LayerMapOptions,
): NonNullable<Layout["shapes"]> {
  const rectangle = (from: number, to: number) => ({
    type: "rect" as const,
    layer: "below" as const,
    xref: "x" as const,
    yref: "y" as const,
    x0: left + from * cellWidth,
    x1: left + to * cellWidth,
    y0: top,
    y1: top + nLayers * cellHeight,
  });
  const gray = { fillcolor: lane.text.attention, line: { width: 0 } };
  return [
    { ...rectangle(0, audioAt), ...gray },
    { ...rectangle(audioAt + 1, tokens.length + 1), ...gray },
    {
      ...rectangle(audioAt, audioAt + 1),
      fillcolor: ink.ground,
      line: { color: ink.axis, width: 1, dash: "dot" as const },
    },
  ];
}

function labelsOf(
  { design, left, top }: Panel,
  { cellHeight, cellWidth, nLayers, panels }: LayerGrid,
  { audioAt, tokens }: LayerMapOptions,
): Annotation[] {
  const bottom = top + nLayers * cellHeight;
  const isLowest = !panels.some(
    (other) => other.left === left && other.top > top,
  );
  return [
    words(`<b>${literal(design)}</b>`, {
      x: left,
      y: top - 6,
      yanchor: "bottom",
      font: { size: sizes.label, color: designColor(design) },
    }),
    ...(isLowest ? tokens : []).map((token, i) =>
      words(literal(token), {
        x: left + (columnOf(i, audioAt) + 0.5) * cellWidth,
        xanchor: "center",
        y: bottom + 6,
        textangle: "-90",
      }),
    ),
  ];
}

function describe(
  rows: readonly LayerTokenRow[],
  { axis }: LayerMapOptions,
): string {
  const designs = [...new Set(rows.map(({ design }) => design))];
  const each = designs.map((design) => {
    const own = rows.filter((row) => row.design === design);
    const zeros = own.filter(({ value }) => value === 0).length;
    const most = Math.max(...own.map(({ value }) => value));
    return (
      `${design}: exactly 0 in ${zeros} of ${own.length} places, ` +
      `up to ${most.toPrecision(2)}`
    );
  });
  return `${axis} at each layer and token. ${each.join("; ")}.`;
}
