import * as tf from "@tensorflow/tfjs";
import type { EncoderSizes } from "../../encoder/encoder.ts";
import { largestRegion, type Regions } from "../../encoder/regions.ts";
import { linear, normalMatrix } from "../../tensor/layers.ts";
import type { Random } from "../../tensor/random.ts";
import { dims } from "../../tensor/shapes.ts";
import { isWanted, type Tap } from "../../tensor/tap.ts";
import { gelu } from "../../tensor/transformer.ts";
import type { ConnectorConfig } from "./config.ts";
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
  /** What the taps' names start with, one for each cross-attention. */
  readonly names: readonly string[];
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

/**
 * Latent tokens latent_BAC of every cross-attention, after each token has read
 * its own region.
 *
 * All of them read the same features: they attend side by side, each with
 * heads of its own, so that features pass through memory once.
 */
export function readRegions(
  crossAttentions: readonly CrossAttention[],
  regions: readonly Regions[],
  { config, names, tap }: ReadOptions,
): tf.Tensor3D[] {
  const { depth } = config;
  const normed = (x: tf.Tensor3D) => (config.hasNorms ? standardize(x) : x);
  let latents = crossAttentions.map((one) => unread(one, config));
  for (let i = 0; i < depth; i++) {
    const rounds = crossAttentions.map((one) => one.rounds[i]);
    const asked = rounds.map(({ query_CC }, l) =>
      linear(normed(latents[l]), query_CC),
    );
    const places = names.map((name) =>
      depth === 1 ? name : `${name}.rounds.${i}`,
    );
    const read = attendTogether(asked, cellsOf(regions, rounds), {
      ...{ config, names: places, tap },
    });
    latents = latents.map((latent_BAC, l) =>
      afterReading(latent_BAC, read[l], { config, round: rounds[l] }),
    );
  }
  return latents;
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
  const hooks = names.map((name) => `${name}.hook_pattern`);
  const isSeen = hooks.some((hook) => isWanted(tap, hook));
  const see = (pattern_BANM: tf.Tensor4D): tf.Tensor4D => {
    if (!isSeen) return pattern_BANM;
    const parts: tf.Tensor4D[] = tf.split(pattern_BANM, hooks.length, 2);
    return joined(
      parts.map((part, i) => tap(hooks[i], part)),
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
    const side = (make: (reader: Reader) => tf.Tensor2D) =>
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
