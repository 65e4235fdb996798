import * as tf from "@tensorflow/tfjs";
import { mergeHeads, splitHeads } from "../../tensor/layers.ts";
import { dims } from "../../tensor/shapes.ts";
import { type Cells, type Order, ofFeatures, own } from "./cells.ts";

/** A key and a value of every cell, as the formula reads. */
export const cellOrder: Order = {
  scores: cellScores,
  scoreProducts: ({ C, E, G, N, R }) => [
    ofFeatures([G * R, E, C]),
    own([1, C / N, R], G * N),
  ],
  sums: cellSums,
  sumProducts: ({ C, E, G, N, R }) => [
    ofFeatures([G * R, E, C]),
    own([1, R, C / N], G * N),
  ],
};

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
