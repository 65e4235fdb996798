import * as tf from "@tensorflow/tfjs";
import { dims } from "../../tensor/shapes.ts";
import { type Cells, type Order, ofFeatures, own } from "./cells.ts";

/**
 * Queries turned into features' terms, and means of features turned into
 * values: neither a key nor a value of any cell is made.
 */
export const foldedOrder: Order = {
  scores: foldedScores,
  scoreProducts: ({ C, E, G, isPlaced, N, R, X }) => [
    own([X, C / N, E], N),
    ofFeatures([N, E, (G / X) * R], X),
    ...(isPlaced ? [own([X, C / N, R], N)] : []),
  ],
  sums: foldedSums,
  sumProducts: ({ C, E, G, isPlaced, N, R }) => [
    ofFeatures([N, R, E], G),
    own([G, E, C / N], N),
    ...(isPlaced ? [own([G, R, C / N], N)] : []),
  ],
};

/**
 * The scores without keys: x (k q) in place of (x k) q.
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

/** The sums with one value each: (p x) v in place of p (x v). */
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
