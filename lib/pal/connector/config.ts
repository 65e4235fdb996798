import type { EncoderSizes, Grid } from "../../encoder/encoder.ts";

/**
 * All that a connector can be. The paper gives the scheme (section 2.4: one
 * latent token, a region for each copy, a projection) and no value below; each
 * default is a guess after Cambrian-1, which the paper cites.
 */
export interface ConnectorConfig {
  /** One latent token for each cell. Not in the paper; default 32 x 2. */
  readonly query: Grid;
  /** Of a latent token, C. Not in the paper; default 1024. */
  readonly width: number;
  /** Not in the paper; default 16. */
  readonly nHeads: number;
  /** Rounds of reading, one after the other. Not in the paper; default 1. */
  readonly depth: number;
  /**
   * What tells the latent tokens apart, besides their regions: time and
   * frequency on the query grid. Not in the paper; default "sin-cos".
   */
  readonly positions: "none" | "sin-cos" | "learned";
  /**
   * What tells the cells of one region apart, in each round and encoder. Not
   * in the paper; default "learned". A region of one cell needs none.
   */
  readonly cellPositions: "none" | "learned";
  /**
   * LayerNorm of the features, and of latent tokens before they ask and before
   * the MLP. Not in the paper; default true.
   *
   * It has no scale and no shift, so frozen features are normalized once for
   * all rounds and layers; the matrix that follows can scale.
   */
  readonly hasNorms: boolean;
  /** Whether what is read is added. Not in the paper; default true. */
  readonly hasResidual: boolean;
  /** A GELU network of width C after each round. Not in the paper; false. */
  readonly hasMlp: boolean;
  /**
   * What the weights sum to 1 over: the cells of all encoders, or those of
   * each encoder before encoders are averaged. Not in the paper; "joint".
   */
  readonly softmax: "joint" | "per-encoder";
  /** A matrix, or two with GELU between. Not in the paper; "linear". */
  readonly projection: "linear" | "mlp";
  /**
   * The order of the products; results differ by rounding only.
   *
   * - `folded`: queries are turned into features' terms and compared with the
   *   features; these are averaged and turned into values last. Fewer
   *   operations the more cells a region has. The default.
   * - `per-cell`: a key and a value of every cell, as the formula reads.
   */
  readonly arithmetic: "folded" | "per-cell";
}

/** Everything that decides a connector's parameters. */
export interface ConnectorSizes {
  readonly config: ConnectorConfig;
  readonly encoders: readonly EncoderSizes[];
  /** Of the language model, D. */
  readonly width: number;
  readonly nCrossAttentions: number;
  readonly nProjections: number;
}

/** The connector for the paper's sizes: the defaults. */
export const paperConnector: ConnectorConfig = {
  query: { steps: 32, bands: 2 },
  width: 1024,
  nHeads: 16,
  depth: 1,
  positions: "sin-cos",
  cellPositions: "learned",
  hasNorms: true,
  hasResidual: true,
  hasMlp: false,
  softmax: "joint",
  projection: "linear",
  arithmetic: "folded",
};

/** The least that the scheme needs, for small models. */
export function plainConnector(
  sizes: Pick<ConnectorConfig, "query" | "width" | "nHeads">,
): ConnectorConfig {
  return {
    ...paperConnector,
    ...sizes,
    positions: "none",
    cellPositions: "none",
    hasNorms: false,
  };
}

/** Numbers that a latent token's width must be a multiple of. */
export function widthStep({
  nHeads,
  positions,
}: Pick<ConnectorConfig, "nHeads" | "positions">): number {
  // Sine and cosine, of time and of frequency.
  const parts = positions === "sin-cos" ? 4 : 1;
  let step = nHeads;
  while (step % parts !== 0) step += nHeads;
  return step;
}

/** Refuses a config that no connector can have. */
export function checkConfig(caller: string, config: ConnectorConfig): void {
  const { bands, steps } = config.query;
  const counts = { steps, bands, ...pickCounts(config) };
  for (const [name, count] of Object.entries(counts)) {
    if (!(Number.isInteger(count) && count > 0)) {
      throw new RangeError(
        `${caller}: expected ${name} to be a whole number above 0, ` +
          `got ${count}`,
      );
    }
  }
  const step = widthStep(config);
  if (config.width % step !== 0) {
    throw new RangeError(
      `${caller}: expected a width divisible by ${step}, got ${config.width} ` +
        `(${config.nHeads} heads, positions "${config.positions}")`,
    );
  }
}

function pickCounts({ depth, nHeads, width }: ConnectorConfig) {
  return { width, nHeads, depth };
}
