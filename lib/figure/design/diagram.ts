import type { Drawing } from "../figure.ts";
import type { Words } from "../frame.ts";
import { sizes } from "../theme.ts";
import { draw, type Text } from "./draw.ts";
import { keyOf } from "./key.ts";
import { marksOf } from "./marks.ts";
import { bracket, type Mark } from "./paint.ts";
import { type Column, type Grid, type Place, placeDesign } from "./place.ts";
import { checkDesigns, type DesignRow, layersOf, runsOf } from "./rows.ts";
import {
  encoderNames,
  headHeight,
  labelsOf,
  layerNumbers,
  notesOf,
  submoduleNames,
} from "./words.ts";

export type { DesignRow } from "./rows.ts";

/** Width of the plot: the figure's without its margins. */
const plotWidth = sizes.width - 2 * sizes.margin;

/** Room for the numbers of the layers. */
const numbers = 26;

const panelGap = 14;
const mostInARow = 5;

/** Of a diagram that is alone, and of the sentences beside it. */
const alone = { panel: 350, gap: 26 } as const;

/** Lanes' names and encoders below a diagram. */
const foot = 44;

interface Panel {
  readonly design: DesignRow;
  readonly column: Column & { readonly top: number };
  readonly place: Place;
}

/**
 * Designs drawn from their plans: layer by layer from the bottom, where audio
 * enters, who hears it, and what it passes through.
 *
 * Several designs stand side by side; one that is alone has sentences beside
 * its layers.
 *
 * @param designs - all of as many layers
 */
export function designDiagram(
  designs: readonly DesignRow[],
  options: Words,
): Drawing {
  checkDesigns(designs);
  const isAlone = designs.length === 1;
  const grid = gridOf(designs);
  const { bottom, panels } = arrange(designs, grid);
  const key = keyOf(plotWidth, bottom);
  return draw(options, {
    plotHeight: bottom + key.height,
    alt: designs.map(describe).join(" "),
    marks: [
      ...panels.flatMap((panel) => marksIn(panel, isAlone)),
      ...key.marks,
    ],
    texts: [
      ...panels.flatMap((panel) => numbersOf(panel, grid)),
      ...panels.flatMap((panel) => labels(panel, isAlone)),
      ...key.labels,
    ],
  });
}

function marksIn({ column, design, place }: Panel, isAlone: boolean): Mark[] {
  const x = column.right + alone.gap / 2;
  return [
    ...marksOf(design, place),
    ...(isAlone ? runsOf(design).map((run) => bracket(run, x, place)) : []),
  ];
}

/** Each row of diagrams has the numbers once. */
function numbersOf({ column, place }: Panel, grid: Grid): Text[] {
  return column.left === numbers ? layerNumbers(place, grid) : [];
}

function labels({ column, design, place }: Panel, isAlone: boolean): Text[] {
  const notes = { left: column.right + alone.gap, right: plotWidth };
  return [
    ...labelsOf(design, column, place),
    ...(isAlone
      ? [
          ...notesOf(design, notes, place),
          ...encoderNames(design, place),
          ...submoduleNames(design, place),
        ]
      : []),
  ];
}

/** The fewer diagrams and layers, the taller each layer. */
function gridOf(designs: readonly DesignRow[]): Grid {
  const nLayers = designs[0].layers.length;
  const isAlone = designs.length === 1;
  const budget = isAlone ? 560 : designs.length > mostInARow ? 260 : 300;
  const [least, most] = isAlone ? [24, 40] : [14, 30];
  const even = Math.round(budget / nLayers);
  return { nLayers, layerHeight: Math.min(Math.max(even, least), most) };
}

/** Puts the diagrams in rows of about as many each. */
function arrange(
  designs: readonly DesignRow[],
  grid: Grid,
): { panels: Panel[]; bottom: number } {
  const nRows = Math.ceil(designs.length / mostInARow);
  const perRow = Math.ceil(designs.length / nRows);
  const room = plotWidth - numbers - panelGap * (perRow - 1);
  const width = designs.length === 1 ? alone.panel : Math.floor(room / perRow);
  const panels: Panel[] = [];
  let top = 0;
  for (let row = 0; row < nRows; row++) {
    const inRow = designs.slice(row * perRow, (row + 1) * perRow);
    const head = top;
    top += headHeight(inRow, width);
    inRow.forEach((design, i) => {
      const left = numbers + i * (width + panelGap);
      const column = { left, right: left + width, top: head };
      panels.push({ design, column, place: placeDesign(column, top, grid) });
    });
    top += grid.nLayers * grid.layerHeight + foot;
  }
  return { panels, bottom: top };
}

function describe(design: DesignRow): string {
  const runs = runsOf(design).map((run) => `${layersOf(run)}: ${run.sentence}`);
  return `${design.name}, ${runs.join(" ")}`;
}
