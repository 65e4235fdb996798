import type * as tf from "@tensorflow/tfjs";
import { largestRegion, type Regions } from "../encoder/regions.ts";
import { linear, normalMatrix } from "../tensor/layers.ts";
import type { Random } from "../tensor/random.ts";
import { dims } from "../tensor/shapes.ts";
import type { Tap } from "../tensor/tap.ts";
import { gelu } from "../tensor/transformer.ts";
import type { ConnectorConfig, EncoderSizes } from "./connector-config.ts";
import { sinCosPositions } from "./latent-positions.ts";
import { attendRegions, type Cells } from "./region-attention.ts";

/** What one encoder contributes to a round. */
export type Reader = {
  readonly key_EC: tf.Tensor2D;
  readonly value_EC: tf.Tensor2D;
  /** Added to the cells of every region, by their place in it. */
  readonly position_RE?: tf.Tensor2D;
};

/** Each latent token asks its region once. */
export type Round = {
  readonly query_CC: tf.Tensor2D;
  /** One for each encoder, in the variant's order. */
  readonly readers: readonly Reader[];
  readonly mlp?: { readonly up_CC: tf.Tensor2D; readonly down_CC: tf.Tensor2D };
};

/** A latent token that reads the encoders' features (section 2.4). */
export type CrossAttention = {
  /** The single latent token, copied to every region. */
  readonly latent_C: tf.Tensor1D;
  /** Added to the copies, where positions are learned. */
  readonly position_AC?: tf.Tensor2D;
  readonly rounds: readonly Round[];
};

/** Standard deviation of learned positions at first; not in the paper. */
const positionScale = 0.02;

export interface ReadOptions {
  readonly config: ConnectorConfig;
  /** What the taps' names start with. */
  readonly name: string;
  readonly tap: Tap;
}

/** A cross-attention of random weights; the caller tidies. */
export function initCrossAttention(
  config: ConnectorConfig,
  encoders: readonly EncoderSizes[],
  chance: Random,
): CrossAttention {
  const { cellPositions, depth, hasMlp, positions, query, width: C } = config;
  const square = () => normalMatrix(chance, [C, C], C ** -0.5);
  const position = (rows: number, width: number) =>
    normalMatrix(chance, [rows, width], positionScale);

  const reader = ({ grid, width: E }: EncoderSizes): Reader => {
    const key_EC = normalMatrix(chance, [E, C], E ** -0.5);
    const value_EC = normalMatrix(chance, [E, C], E ** -0.5);
    const { bands, steps } = largestRegion(grid, query);
    const R = steps * bands;
    const hasPositions = cellPositions === "learned" && R > 1;
    return {
      ...{ key_EC, value_EC },
      ...(hasPositions ? { position_RE: position(R, E) } : {}),
    };
  };
  const round = (): Round => ({
    query_CC: square(),
    readers: encoders.map(reader),
    ...(hasMlp ? { mlp: { up_CC: square(), down_CC: square() } } : {}),
  });
  const A = query.steps * query.bands;
  return {
    latent_C: normalMatrix(chance, [1, C], 1).reshape([C]),
    ...(positions === "learned" ? { position_AC: position(A, C) } : {}),
    rounds: Array.from({ length: depth }, round),
  };
}

/** Latent tokens latent_BAC after each has read its own region. */
export function readRegions(
  { latent_C, position_AC, rounds }: CrossAttention,
  regions: readonly Regions[],
  options: ReadOptions,
): tf.Tensor3D {
  const { config, name, tap } = options;
  const { hasNorms, hasResidual, positions, query } = config;
  const { C } = dims("readRegions", latent_C, "C");
  const A = query.steps * query.bands;
  const normed = (x: tf.Tensor3D) => (hasNorms ? standardize(x) : x);
  const after = (x: tf.Tensor3D, change: tf.Tensor3D): tf.Tensor3D =>
    hasResidual ? x.add(change) : change;

  // Until they have read, latent tokens are the same for all clips (B is 1)
  // and, without positions, for all regions (A is 1).
  let latent_BAC: tf.Tensor3D = latent_C.reshape([1, 1, C]);
  const place_AC =
    positions === "sin-cos" ? sinCosPositions(query, C) : position_AC;
  if (place_AC) {
    dims("readRegions", place_AC, "AC", { A, C });
    latent_BAC = latent_BAC.add(place_AC);
  }
  rounds.forEach(({ mlp, query_CC, readers }, i) => {
    const place = rounds.length === 1 ? name : `${name}.rounds.${i}`;
    const q_BAC = linear(normed(latent_BAC), query_CC);
    const read_BAC = attendRegions(q_BAC, cellsOf(regions, readers), {
      config,
      tap: (pattern) => tap(`${place}.hook_pattern`, pattern),
    });
    latent_BAC = after(latent_BAC, read_BAC);
    if (!mlp) return;
    const hidden_BAC = gelu(linear(normed(latent_BAC), mlp.up_CC));
    latent_BAC = after(latent_BAC, linear(hidden_BAC, mlp.down_CC));
  });
  return latent_BAC;
}

/** Mean 0 and variance 1 over the last axis: a LayerNorm with no parameter. */
export function standardize<X extends tf.Tensor>(x: X): X {
  const centered = x.sub(x.mean(-1, true));
  const variance = centered.square().mean(-1, true);
  return centered.mul(variance.add(1e-5).rsqrt()) as X;
}

/** What the latent tokens of a round can read. */
function cellsOf(
  regions: readonly Regions[],
  readers: readonly Reader[],
): Cells[] {
  return readers.map(({ key_EC, position_RE, value_EC }, i) => ({
    ...regions[i],
    ...{ key_EC, position_RE, value_EC },
  }));
}
