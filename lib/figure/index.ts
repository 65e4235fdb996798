/** Rows in, figure out. */
export { type ComparisonRow, comparison } from "./comparison.ts";
export { type CurveRow, curves } from "./curves.ts";
export { breakdown, type PartRow } from "./design/breakdown.ts";
export { type DesignRow, designDiagram } from "./design/diagram.ts";
export { type LayerTokenRow, layerMap } from "./design/layer-map.ts";
export type { Drawing, Figure } from "./figure.ts";
export { type NeighborRow, neighbors } from "./neighbors.ts";
export { renderFigure } from "./render/render.ts";
export { spectrograms } from "./sound/spectrograms.ts";
export { type TokenPanel, tokenGrid } from "./sound/token-grid.ts";
export { spectrogram } from "./spectrogram.ts";
export {
  type Line,
  type LinePanel,
  linePanels,
  linesOf,
} from "./training/lines.ts";
export { type MovedPart, movement } from "./training/movement.ts";
