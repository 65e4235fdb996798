/**
 * Attention of latent tokens to their regions: scores, and sums of values.
 *
 * There are G = B * A regions, each with R cells of its own: many attentions,
 * all small. Each product is here in the two orders of
 * `ConnectorConfig.arithmetic`.
 */
import * as tf from "@tensorflow/tfjs";
import { mergeHeads, splitHeads } from "../tensor/layers.ts";
import { dims } from "../tensor/shapes.ts";
import type { ConnectorConfig } from "./connector-config.ts";

/** What latent tokens can read of one encoder. */
export interface Cells {
  readonly features_BARE: tf.Tensor4D;
  /** Added to the scores, where regions are filled up. */
  readonly mask_AR?: tf.Tensor2D;
  readonly key_EC: tf.Tensor2D;
  readonly value_EC: tf.Tensor2D;
}

/**
 * What each latent token reads of its region in every encoder's grid.
 *
 * @param q_BAC - queries; B and A are 1 where all queries are the same
 * @param tap - sees pattern_BANM: M is the cells of one encoder after another
 */
export function attendRegions(
  q_BAC: tf.Tensor3D,
  cells: readonly Cells[],
  options: {
    readonly config: ConnectorConfig;
    readonly tap: (pattern_BANM: tf.Tensor4D) => tf.Tensor4D;
  },
): tf.Tensor3D {
  const { arithmetic, nHeads: N, softmax } = options.config;
  const nQueries = q_BAC.shape[0] * q_BAC.shape[1];
  const scores = cells.map((of) => {
    const { A, B, R } = dims("attendRegions", of.features_BARE, "BARE");
    const isFolded = arithmetic === "folded" && nQueries < B * A * R;
    const scoresOf = isFolded ? foldedScores : cellScores;
    const scores_BANR = scoresOf(q_BAC, of, N);
    return of.mask_AR
      ? scores_BANR.add<tf.Tensor4D>(of.mask_AR.reshape([A, 1, R]))
      : scores_BANR;
  });
  const pattern_BANM = options.tap(patternOf(scores, softmax));
  const sizes = scores.map(({ shape }) => shape[3]);
  const patterns: tf.Tensor4D[] =
    cells.length === 1 ? [pattern_BANM] : tf.split(pattern_BANM, sizes, 3);
  const sums = cells.map((of, i) => {
    const isFolded = arithmetic === "folded" && sizes[i] > 1;
    return (isFolded ? foldedSums : cellSums)(patterns[i], of, N);
  });
  return sums.reduce((sum, part) => sum.add(part));
}

/** Attention weights: each row sums to 1 over the cells of all encoders. */
function patternOf(
  scores: readonly tf.Tensor4D[],
  softmax: ConnectorConfig["softmax"],
): tf.Tensor4D {
  const joined = (parts: readonly tf.Tensor4D[]) =>
    parts.length === 1 ? parts[0] : tf.concat([...parts], 3);
  if (softmax === "joint") return tf.softmax(joined(scores)) as tf.Tensor4D;
  const patterns = scores.map((x) => tf.softmax(x) as tf.Tensor4D);
  return joined(patterns).div(scores.length);
}

/** Scores scores_BANR, by a key of every cell. */
function cellScores(
  q_BAC: tf.Tensor3D,
  { features_BARE, key_EC }: Cells,
  N: number,
): tf.Tensor4D {
  const { A, B, E, R } = dims("cellScores", features_BARE, "BARE");
  const { C } = dims("cellScores", key_EC, "EC", { E });
  const k_GRC = features_BARE
    .reshape<tf.Tensor2D>([B * A * R, E])
    .matMul(key_EC)
    .reshape<tf.Tensor3D>([B * A, R, C]);
  const [b, a] = q_BAC.shape;
  const q_G1C = q_BAC
    .tile([B / b, A / a, 1])
    .reshape<tf.Tensor3D>([B * A, 1, C]);
  const scores_GN1R = tf.matMul(
    splitHeads(q_G1C, N),
    splitHeads(k_GRC, N),
    false,
    true,
  );
  return scores_GN1R.div(Math.sqrt(C / N)).reshape([B, A, N, R]);
}

/** The sum of the cells' values, by a value of every cell. */
function cellSums(
  pattern_BANR: tf.Tensor4D,
  { features_BARE, value_EC }: Cells,
  N: number,
): tf.Tensor3D {
  const { A, B, E, R } = dims("cellSums", features_BARE, "BARE");
  const { C } = dims("cellSums", value_EC, "EC", { E });
  const v_GRC = features_BARE
    .reshape<tf.Tensor2D>([B * A * R, E])
    .matMul(value_EC)
    .reshape<tf.Tensor3D>([B * A, R, C]);
  const z_GN1H: tf.Tensor4D = tf.matMul(
    pattern_BANR.reshape([B * A, N, 1, R]),
    splitHeads(v_GRC, N),
  );
  return mergeHeads(z_GN1H).reshape([B, A, C]);
}

/**
 * The scores of `cellScores` without keys: x (k q) in place of (x k) q.
 *
 * Regions that are asked the same lie side by side in one product: X queries,
 * each to G / X regions.
 */
function foldedScores(
  q_BAC: tf.Tensor3D,
  { features_BARE, key_EC }: Cells,
  N: number,
): tf.Tensor4D {
  const { A, B, E, R } = dims("foldedScores", features_BARE, "BARE");
  const { C } = dims("foldedScores", key_EC, "EC", { E });
  const H = C / N;
  const X = q_BAC.shape[0] * q_BAC.shape[1];
  const regions = (B * A) / X;
  const q_XNH = q_BAC.mul(H ** -0.5).reshape<tf.Tensor3D>([X, N, H]);
  const asked_NXE = tf.matMul(
    q_XNH.transpose([1, 0, 2]),
    headsFirst(key_EC, N),
    false,
    true,
  );
  const isInOrder = X === 1 || regions === 1;
  const rows = isInOrder
    ? features_BARE
    : features_BARE.reshape([regions, X, R, E]).transpose([1, 0, 2, 3]);
  const scores_XNM = tf.matMul(
    asked_NXE.transpose([1, 0, 2]),
    rows.reshape<tf.Tensor3D>([X, regions * R, E]),
    false,
    true,
  );
  return scores_XNM
    .reshape([X, N, regions, R])
    .transpose([2, 0, 1, 3])
    .reshape([B, A, N, R]);
}

/** The sums of `cellSums` with one value each: (p x) v in place of p (x v). */
function foldedSums(
  pattern_BANR: tf.Tensor4D,
  { features_BARE, value_EC }: Cells,
  N: number,
): tf.Tensor3D {
  const { A, B, E, R } = dims("foldedSums", features_BARE, "BARE");
  const { C } = dims("foldedSums", value_EC, "EC", { E });
  const mean_GNE = tf.matMul(
    pattern_BANR.reshape<tf.Tensor3D>([B * A, N, R]),
    features_BARE.reshape<tf.Tensor3D>([B * A, R, E]),
  );
  const z_NGH = tf.matMul(
    mean_GNE.transpose([1, 0, 2]),
    headsFirst(value_EC, N),
  );
  return z_NGH.transpose([1, 0, 2]).reshape([B, A, C]);
}

/** A matrix for each head: weight_EC to weight_NEH. */
function headsFirst(weight_EC: tf.Tensor2D, N: number): tf.Tensor3D {
  const { C, E } = dims("headsFirst", weight_EC, "EC");
  return weight_EC.reshape<tf.Tensor3D>([E, N, C / N]).transpose([1, 0, 2]);
}
