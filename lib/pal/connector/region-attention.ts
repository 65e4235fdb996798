/**
 * Attention of latent tokens to their regions: scores, and sums of values.
 *
 * There are G = B * A regions, each with R cells of its own: many attentions,
 * all small. Each product is here in the two orders of
 * `ConnectorConfig.arithmetic`.
 */
import * as tf from "@tensorflow/tfjs";
import { mergeHeads, splitHeads } from "../../tensor/layers.ts";
import { dims } from "../../tensor/shapes.ts";
import type { ConnectorConfig } from "./config.ts";

/** What latent tokens can read of one encoder. */
export interface Cells {
  readonly features_BARE: tf.Tensor4D;
  /** Added to the scores, where regions are filled up. */
  readonly mask_AR?: tf.Tensor2D;
  readonly key_EC: tf.Tensor2D;
  readonly value_EC: tf.Tensor2D;
  /**
   * Keys and values of what is added to the cells of every region. They stand
   * apart, so that features, which are many and frozen, need no gradient.
   */
  readonly placeKey_RC?: tf.Tensor2D;
  readonly placeValue_RC?: tf.Tensor2D;
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
function cellScores(q_BAC: tf.Tensor3D, cells: Cells, N: number): tf.Tensor4D {
  const { A, B, R } = dims("cellScores", cells.features_BARE, "BARE");
  const { features_BARE, key_EC, placeKey_RC } = cells;
  const k_GRC = ofEachCell(features_BARE, key_EC, placeKey_RC);
  const C = k_GRC.shape[2];
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
  cells: Cells,
  N: number,
): tf.Tensor3D {
  const { A, B, R } = dims("cellSums", cells.features_BARE, "BARE");
  const { features_BARE, placeValue_RC, value_EC } = cells;
  const v_GRC = ofEachCell(features_BARE, value_EC, placeValue_RC);
  const z_GN1H: tf.Tensor4D = tf.matMul(
    pattern_BANR.reshape([B * A, N, 1, R]),
    splitHeads(v_GRC, N),
  );
  return mergeHeads(z_GN1H).reshape([B, A, v_GRC.shape[2]]);
}

/** Every cell, its position added, times a matrix: x_GRC. */
function ofEachCell(
  features_BARE: tf.Tensor4D,
  weight_EC: tf.Tensor2D,
  place_RC?: tf.Tensor2D,
): tf.Tensor3D {
  const { A, B, E, R } = dims("ofEachCell", features_BARE, "BARE");
  const { C } = dims("ofEachCell", weight_EC, "EC", { E });
  const x_GRC = features_BARE
    .reshape<tf.Tensor2D>([B * A * R, E])
    .matMul(weight_EC)
    .reshape<tf.Tensor3D>([B * A, R, C]);
  return place_RC ? x_GRC.add(place_RC) : x_GRC;
}

/**
 * The scores of `cellScores` without keys: x (k q) in place of (x k) q.
 *
 * Regions that are asked the same lie side by side in one product: X queries,
 * each to G / X regions.
 */
function foldedScores(
  q_BAC: tf.Tensor3D,
  { features_BARE, key_EC, placeKey_RC }: Cells,
  N: number,
): tf.Tensor4D {
  const { A, B, E, R } = dims("foldedScores", features_BARE, "BARE");
  const { C } = dims("foldedScores", key_EC, "EC", { E });
  const H = C / N;
  const X = q_BAC.shape[0] * q_BAC.shape[1];
  const regions = (B * A) / X;
  const q_XNH = q_BAC.mul(H ** -0.5).reshape<tf.Tensor3D>([X, N, H]);
  const q_NXH = q_XNH.transpose<tf.Tensor3D>([1, 0, 2]);
  const asked_NXE = tf.matMul(q_NXH, headsFirst(key_EC, N), false, true);
  const asked_XNE = asked_NXE.transpose<tf.Tensor3D>([1, 0, 2]);
  const isInOrder = X === 1 || regions === 1;
  const rows = isInOrder
    ? features_BARE
    : features_BARE.reshape([regions, X, R, E]).transpose([1, 0, 2, 3]);
  const scores_XNM = tf.matMul(
    asked_XNE,
    rows.reshape<tf.Tensor3D>([X, regions * R, E]),
    false,
    true,
  );
  const scores = scores_XNM.reshape([X, N, regions, R]);
  const placed = placeKey_RC
    ? scores.add(placeScores(q_NXH, placeKey_RC))
    : scores;
  return placed.transpose([2, 0, 1, 3]).reshape([B, A, N, R]);
}

/** What the places of cells in their region add to the scores. */
function placeScores(
  q_NXH: tf.Tensor3D,
  placeKey_RC: tf.Tensor2D,
): tf.Tensor4D {
  const { N, X } = dims("placeScores", q_NXH, "NXH");
  const [R] = placeKey_RC.shape;
  return tf
    .matMul(q_NXH, headsFirst(placeKey_RC, N), false, true)
    .transpose([1, 0, 2])
    .reshape([X, N, 1, R]);
}

/** The sums of `cellSums` with one value each: (p x) v in place of p (x v). */
function foldedSums(
  pattern_BANR: tf.Tensor4D,
  { features_BARE, placeValue_RC, value_EC }: Cells,
  N: number,
): tf.Tensor3D {
  const { A, B, E, R } = dims("foldedSums", features_BARE, "BARE");
  const { C } = dims("foldedSums", value_EC, "EC", { E });
  const pattern_GNR = pattern_BANR.reshape<tf.Tensor3D>([B * A, N, R]);
  const mean_GNE = tf.matMul(
    pattern_GNR,
    features_BARE.reshape<tf.Tensor3D>([B * A, R, E]),
  );
  const z_NGH: tf.Tensor3D = tf.matMul(
    mean_GNE.transpose([1, 0, 2]),
    headsFirst(value_EC, N),
  );
  const all_NGH = placeValue_RC
    ? z_NGH.add<tf.Tensor3D>(placeSums(pattern_GNR, placeValue_RC))
    : z_NGH;
  return all_NGH.transpose([1, 0, 2]).reshape([B, A, C]);
}

/** What the places of cells in their region add to the sums of values. */
function placeSums(
  pattern_GNR: tf.Tensor3D,
  placeValue_RC: tf.Tensor2D,
): tf.Tensor3D {
  const { N } = dims("placeSums", pattern_GNR, "GNR");
  const place_NRH = headsFirst(placeValue_RC, N);
  return tf.matMul(pattern_GNR.transpose([1, 0, 2]), place_NRH);
}

/** A matrix for each head: weight_EC to weight_NEH. */
function headsFirst(weight_EC: tf.Tensor2D, N: number): tf.Tensor3D {
  const { C, E } = dims("headsFirst", weight_EC, "EC");
  return weight_EC.reshape<tf.Tensor3D>([E, N, C / N]).transpose([1, 0, 2]);
}
