import { countWeights } from "../../tensor/weights.ts";
import {
  type ConnectorConfig,
  type ConnectorSizes,
  checkConfig,
  widthStep,
} from "./config.ts";
import { connectorWeights } from "./connector.ts";

/** Numbers that a connector learns. */
export interface ConnectorCount {
  readonly crossAttentions: number;
  readonly projections: number;
  readonly total: number;
}

/** How many parameters a connector has, by formula. */
export function countConnector(sizes: ConnectorSizes): ConnectorCount {
  checkConfig("countConnector", sizes.config);
  const weights = connectorWeights(sizes);
  const crossAttentions = countWeights(weights.crossAttentions);
  const projections = countWeights(weights.projections);
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
      encoders,
      width,
      nCrossAttentions: n,
      nProjections: n,
    }).total;
  const target = count(config.width, nOutputs);
  const step = widthStep(config);
  let above = config.width;
  while (count(above, 1) < target) above += step;
  const below = Math.max(config.width, above - step);
  const isBelow = target - count(below, 1) < count(above, 1) - target;
  return isBelow ? below : above;
}
