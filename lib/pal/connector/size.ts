import { largestRegion } from "../../encoder/regions.ts";
import {
  type ConnectorConfig,
  type ConnectorSizes,
  checkConfig,
  widthStep,
} from "./config.ts";

/** Numbers that a connector learns. */
export interface ConnectorCount {
  readonly crossAttentions: number;
  readonly projections: number;
  readonly total: number;
}

/** How many parameters a connector has, by formula. */
export function countConnector(sizes: ConnectorSizes): ConnectorCount {
  const { config, nCrossAttentions, nProjections, width: D } = sizes;
  checkConfig("countConnector", config);
  const { depth, hasMlp, positions, projection, query, width: C } = config;
  const A = query.steps * query.bands;
  const readers = sizes.encoders.map(({ grid, width: E }) => {
    const { bands, steps } = largestRegion(grid, query);
    const R = steps * bands;
    const isLearned = config.cellPositions === "learned" && R > 1;
    return 2 * E * C + (isLearned ? R * E : 0);
  });
  const round = C * C + sum(readers) + (hasMlp ? 2 * C * C : 0);
  const latents = C + (positions === "learned" ? A * C : 0);
  const crossAttentions = nCrossAttentions * (latents + depth * round);
  const second = projection === "mlp" ? D * D : 0;
  const projections = nProjections * (C * D + second);
  return { crossAttentions, projections, total: crossAttentions + projections };
}

/**
 * The width C at which one connector has as many parameters as several of
 * `config.width`, to the nearest that its heads and positions allow.
 */
export function matchedWidth(
  config: ConnectorConfig,
  {
    encoders,
    nOutputs,
    width,
  }: Pick<ConnectorSizes, "encoders" | "width"> & {
    /** Separate connectors to match. */
    readonly nOutputs: number;
  },
): number {
  const count = (C: number, n: number) =>
    countConnector({
      config: { ...config, width: C },
      ...{ encoders, width, nCrossAttentions: n, nProjections: n },
    }).total;
  const target = count(config.width, nOutputs);
  const step = widthStep(config);
  let above = config.width;
  while (count(above, 1) < target) above += step;
  const below = Math.max(config.width, above - step);
  const isBelow = target - count(below, 1) < count(above, 1) - target;
  return isBelow ? below : above;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
