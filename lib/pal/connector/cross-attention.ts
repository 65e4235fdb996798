import * as tf from "@tensorflow/tfjs";
import type { EncoderSizes } from "../../encoder/encoder.ts";
import { largestRegion, type Regions } from "../../encoder/regions.ts";
import type { Product } from "../../llm/part.ts";
import { linear } from "../../tensor/layers.ts";
import { dims } from "../../tensor/shapes.ts";
import { type Hook, isWanted, type Tap } from "../../tensor/tap.ts";
import { gelu } from "../../tensor/transformer.ts";
import { normal, type WeightTree } from "../../tensor/weights.ts";
import { type Cells, own } from "./cells.ts";
import type { ConnectorConfig } from "./config.ts";
import { sinCosPositions } from "./latent-positions.ts";
import { attendRegions, regionProducts } from "./region-attention.ts";

/** What one encoder contributes to a round. */
export type EncoderReader = {
  readonly key_EC: tf.Tensor2D;
  readonly value_EC: tf.Tensor2D;
  /** Added to the cells of every region, by their place in it. */
  readonly position_RE?: tf.Tensor2D;
};

/** Each latent token asks its region once. */
export type Round = {
  readonly query_CC: tf.Tensor2D;
  /** One for each encoder, in the variant's order. */
  readonly readers: readonly EncoderReader[];
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

/** What a cross-attention shows; X is the cells of one encoder after another. */
const hooks = {
  pattern: (round: number, { depth }: ConnectorConfig): Hook => ({
    name: depth === 1 ? "hook_pattern" : `rounds.${round}.hook_pattern`,
    axes: "BANX",
  }),
  latents: { name: "hook_latents", axes: "BAC" },
} as const;

/** A latent token's reading, round by round. */
export const crossAttention = {
  /** Its weights, in the order in which they are drawn. */
  weights: (
    config: ConnectorConfig,
    encoders: readonly EncoderSizes[],
  ): WeightTree => {
    const { depth, hasMlp, positions, query, width: C } = config;
    const square = normal([C, C], C ** -0.5);
    const reader = (encoder: EncoderSizes) => {
      const { R, isPlaced } = regionOf(encoder, config);
      const E = encoder.width;
      return {
        key_EC: normal([E, C], E ** -0.5),
        value_EC: normal([E, C], E ** -0.5),
        ...(isPlaced ? { position_RE: normal([R, E], positionScale) } : {}),
      };
    };
    const round = {
      query_CC: square,
      readers: encoders.map(reader),
      ...(hasMlp ? { mlp: { up_CC: square, down_CC: square } } : {}),
    };
    const A = query.steps * query.bands;
    const position_AC = normal([A, C], positionScale);
    return {
      latent_C: normal([C], 1),
      ...(positions === "learned" ? { position_AC } : {}),
      rounds: Array<WeightTree>(depth).fill(round),
    };
  },
  hooks: (config: ConnectorConfig): Hook[] => [
    ...Array.from({ length: config.depth }, (_, i) => hooks.pattern(i, config)),
    hooks.latents,
  ],
  run: readRegions,
  /** Those for B clips, their features being frozen. */
  products: (
    config: ConnectorConfig,
    encoders: readonly EncoderSizes[],
    B: number,
  ): Product<"connector">[] => {
    const { arithmetic, depth, hasMlp, nHeads: N, positions } = config;
    const { query, width: C } = config;
    const A = query.steps * query.bands;
    return Array.from({ length: depth }, (_, round) => {
      // Latent tokens are one for all clips, at first, or even for all regions.
      const X = round > 0 ? B * A : positions === "none" ? 1 : A;
      const readers = encoders.flatMap((encoder) => {
        const region = regionOf(encoder, config);
        const sizes = { ...region, X, G: B * A, E: encoder.width, C, N };
        // Positions in a region have keys and values of their own, as they
        // have gradients and features have none.
        const placed = own([region.R, encoder.width, C], 2);
        return [
          ...(region.isPlaced ? [placed] : []),
          ...regionProducts(sizes, arithmetic),
        ];
      });
      return [
        own([X, C, C]),
        ...readers,
        ...(hasMlp ? [own([B * A, C, C], 2)] : []),
      ];
    }).flat();
  },
};

/** Cells of a region, and whether they are told apart. */
export function regionOf(
  { grid }: EncoderSizes,
  { cellPositions, query }: ConnectorConfig,
): { readonly R: number; readonly isPlaced: boolean } {
  const { bands, steps } = largestRegion(grid, query);
  const R = steps * bands;
  return { R, isPlaced: cellPositions === "learned" && R > 1 };
}

interface ReadOptions {
  readonly config: ConnectorConfig;
  /** What the taps' names start with, one for each cross-attention. */
  readonly names: readonly string[];
  readonly tap: Tap;
}

/**
 * Latent tokens latent_BAC of every cross-attention, after each token has read
 * its own region.
 *
 * All of them read the same features: they attend side by side, each with
 * heads of its own, so that features pass through memory once.
 */
function readRegions(
  crossAttentions: readonly CrossAttention[],
  regions: readonly Regions[],
  { config, names, tap }: ReadOptions,
): tf.Tensor3D[] {
  const normed = (x: tf.Tensor3D) => (config.hasNorms ? standardize(x) : x);
  let latents = crossAttentions.map((one) => unread(one, config));
  for (let i = 0; i < config.depth; i++) {
    const rounds = crossAttentions.map((one) => one.rounds[i]);
    const asked = rounds.map(({ query_CC }, l) =>
      linear(normed(latents[l]), query_CC),
    );
    const { name: hook } = hooks.pattern(i, config);
    const read = attendTogether(asked, cellsOf(regions, rounds), {
      config,
      tap,
      names: names.map((name) => `${name}.${hook}`),
    });
    latents = latents.map((latent_BAC, l) =>
      afterReading(latent_BAC, read[l], { config, round: rounds[l] }),
    );
  }
  return latents.map((latent_BAC, l) =>
    tap(`${names[l]}.${hooks.latents.name}`, latent_BAC),
  );
}

/**
 * Latent tokens before they read: the same for all clips (B is 1) and, without
 * positions, for all regions (A is 1).
 */
function unread(
  { latent_C, position_AC }: CrossAttention,
  { positions, query }: ConnectorConfig,
): tf.Tensor3D {
  const { C } = dims("readRegions", latent_C, "C");
  const latent_BAC: tf.Tensor3D = latent_C.reshape([1, 1, C]);
  const place_AC =
    positions === "sin-cos" ? sinCosPositions(query, C) : position_AC;
  if (!place_AC) return latent_BAC;
  const A = query.steps * query.bands;
  dims("readRegions", place_AC, "AC", { A, C });
  return latent_BAC.add(place_AC);
}

/** What each of several askers reads: one attention with the heads of all. */
function attendTogether(
  asked: readonly tf.Tensor3D[],
  cells: readonly Cells[],
  { config, names, tap }: ReadOptions,
): tf.Tensor3D[] {
  const isSeen = names.some((name) => isWanted(tap, name));
  const see = (pattern_BANM: tf.Tensor4D): tf.Tensor4D => {
    if (!isSeen) return pattern_BANM;
    const parts: tf.Tensor4D[] = tf.split(pattern_BANM, names.length, 2);
    return joined(
      parts.map((part, i) => tap(names[i], part)),
      2,
    );
  };
  const read_BAC = attendRegions(joined(asked, 2), cells, {
    config: { ...config, nHeads: config.nHeads * asked.length },
    tap: see,
  });
  return asked.length === 1 ? [read_BAC] : tf.split(read_BAC, asked.length, 2);
}

function afterReading(
  latent_BAC: tf.Tensor3D,
  read_BAC: tf.Tensor3D,
  {
    config,
    round: { mlp },
  }: { readonly config: ConnectorConfig; readonly round: Round },
): tf.Tensor3D {
  const after = (x: tf.Tensor3D, change: tf.Tensor3D): tf.Tensor3D =>
    config.hasResidual ? x.add(change) : change;
  const told_BAC = after(latent_BAC, read_BAC);
  if (!mlp) return told_BAC;
  const normed_BAC = config.hasNorms ? standardize(told_BAC) : told_BAC;
  const hidden_BAC = gelu(linear(normed_BAC, mlp.up_CC));
  return after(told_BAC, linear(hidden_BAC, mlp.down_CC));
}

/** Mean 0 and variance 1 over the last axis: a LayerNorm with no parameter. */
export function standardize<X extends tf.Tensor>(x: X): X {
  const centered = x.sub(x.mean(-1, true));
  const variance = centered.square().mean(-1, true);
  return centered.mul(variance.add(1e-5).rsqrt()) as X;
}

/** What the latent tokens of a round can read, encoder by encoder. */
function cellsOf(
  regions: readonly Regions[],
  rounds: readonly Round[],
): Cells[] {
  return regions.map((region, e) => {
    const readers = rounds.map((round) => round.readers[e]);
    const side = (make: (reader: EncoderReader) => tf.Tensor2D) =>
      joined(readers.map(make), 1);
    const cells = {
      ...region,
      key_EC: side(({ key_EC }) => key_EC),
      value_EC: side(({ value_EC }) => value_EC),
    };
    if (!readers[0].position_RE) return cells;
    const placed = (name: "key_EC" | "value_EC") =>
      side(({ position_RE, ...weights }) =>
        tf.matMul(position_RE as tf.Tensor2D, weights[name]),
      );
    return {
      ...cells,
      placeKey_RC: placed("key_EC"),
      placeValue_RC: placed("value_EC"),
    };
  });
}

/** Tensors one after another on an axis. */
function joined<X extends tf.Tensor>(parts: readonly X[], axis: number): X {
  return parts.length === 1 ? parts[0] : (tf.concat([...parts], axis) as X);
}
