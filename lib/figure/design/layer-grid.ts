import { type Words, widest } from "../frame.ts";
import { sizes } from "../theme.ts";
import type { Label } from "./plotly-words.ts";

/** One measurement at one layer and one text token. */
export interface LayerTokenRow {
  readonly design: string;
  /** From 0. */
  readonly layer: number;
  /** Index into the tokens of the options. */
  readonly token: number;
  /** 0 or more, in the unit of the axis. */
  readonly value: number;
}

export interface LayerMapOptions extends Words {
  /** What the colors say, with its unit. */
  readonly axis: string;
  /** Text tokens in their order, as they are written below. */
  readonly tokens: readonly string[];
  /** Tokens before the place of the audio, which stays empty. */
  readonly audioAt: number;
}

const mostInARow = 3;
const panelGap = 18;

/** Room for the numbers of the layers, left of each row of panels. */
const numbers = 22;

/** Room for a panel's name. */
const head = 24;

export interface Panel {
  readonly design: string;
  readonly left: number;
  readonly top: number;
}

export interface LayerGrid {
  readonly nLayers: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly panels: readonly Panel[];
  readonly height: number;
  readonly width: number;
}

/** Lays the panels out in rows, with the tokens below the lowest. */
export function gridOf(
  rows: readonly LayerTokenRow[],
  { tokens }: LayerMapOptions,
  width: number,
): LayerGrid {
  const designs = [...new Set(rows.map(({ design }) => design))];
  const nLayers = 1 + Math.max(...rows.map(({ layer }) => layer));
  const perRow = Math.min(mostInARow, designs.length);
  const room = width - numbers - (perRow - 1) * panelGap;
  const nColumns = tokens.length + 1;
  const cellWidth = Math.min(24, Math.floor(room / perRow / nColumns));
  const cellHeight = Math.max(9, Math.min(20, Math.floor(150 / nLayers)));
  const pitch = head + nLayers * cellHeight + 10;
  const panels = designs.map((design, i) => ({
    design,
    left: numbers + (i % perRow) * (nColumns * cellWidth + panelGap),
    top: head + Math.floor(i / perRow) * pitch,
  }));
  const below = widest(tokens, { size: sizes.tick }) + 10;
  const nRows = Math.ceil(designs.length / perRow);
  const height = nRows * pitch - 10 + below;
  return { nLayers, cellWidth, cellHeight, panels, height, width };
}

/** Tokens after the audio stand one column further right. */
export const columnOf = (token: number, audioAt: number) =>
  token < audioAt ? token : token + 1;

/** Numbers of the layers, left of each row of panels. */
export function numbersOf({ cellHeight, nLayers, panels }: LayerGrid): Label[] {
  const every = cellHeight >= 15 ? 1 : 2;
  return panels
    .filter(({ left }) => left === numbers)
    .flatMap(({ left, top }) =>
      Array.from({ length: Math.ceil(nLayers / every) }, (_, i) => ({
        x: left - 3,
        y: top + (nLayers - i * every - 0.5) * cellHeight,
        text: String(i * every),
      })),
    );
}

/** @throws RangeError for what cannot be drawn, and where it is */
export function checkRows(
  rows: readonly LayerTokenRow[],
  { audioAt, name, tokens }: LayerMapOptions,
) {
  if (rows.length === 0) {
    throw new RangeError(`layerMap: expected rows, got none (${name})`);
  }
  if (!(audioAt >= 0 && audioAt <= tokens.length)) {
    throw new RangeError(
      `layerMap: expected audioAt in 0..${tokens.length}, got ${audioAt}`,
    );
  }
  for (const { design, layer, token, value } of rows) {
    const where = `${design}, layer ${layer}, token ${token}`;
    if (!(token >= 0 && token < tokens.length)) {
      throw new RangeError(
        `layerMap: expected tokens in 0..${tokens.length - 1}, ` +
          `got ${token} (${where})`,
      );
    }
    if (!(value >= 0 && Number.isFinite(value))) {
      throw new RangeError(
        `layerMap: expected values of 0 or more, got ${value} (${where})`,
      );
    }
  }
}
