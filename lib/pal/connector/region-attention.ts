/**
 * Attention of latent tokens to their regions: scores, and sums of values.
 *
 * There are G = B * A regions, each with R cells of its own: many attentions,
 * all small.
 */
import * as tf from "@tensorflow/tfjs";
import type { Product } from "../../llm/part.ts";
import { dims } from "../../tensor/shapes.ts";
import { cellOrder } from "./cell-order.ts";
import type { CellSizes, Cells, Order } from "./cells.ts";
import type { ConnectorConfig } from "./config.ts";
import { foldedOrder } from "./folded-order.ts";

/** With as many queries as cells, or one cell a region, folding saves nothing. */
function ordersOf(
  arithmetic: ConnectorConfig["arithmetic"],
  { G, R, X }: Pick<CellSizes, "G" | "R" | "X">,
): { readonly scores: Order; readonly sums: Order } {
  const isFolded = arithmetic === "folded";
  return {
    scores: isFolded && X < G * R ? foldedOrder : cellOrder,
    sums: isFolded && R > 1 ? foldedOrder : cellOrder,
  };
}

/** The products of attention to the regions of one encoder. */
export function regionProducts(
  sizes: CellSizes,
  arithmetic: ConnectorConfig["arithmetic"],
): Product<"connector">[] {
  const orders = ordersOf(arithmetic, sizes);
  return [
    ...orders.scores.scoreProducts(sizes),
    ...orders.sums.sumProducts(sizes),
  ];
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
  const X = q_BAC.shape[0] * q_BAC.shape[1];
  const orders = cells.map(({ features_BARE }) => {
    const { A, B, R } = dims("attendRegions", features_BARE, "BARE");
    return ordersOf(arithmetic, { G: B * A, R, X });
  });
  const scores = cells.map((of, i) => {
    const { A, R } = dims("attendRegions", of.features_BARE, "BARE");
    const scores_BANR = orders[i].scores.scores(q_BAC, of, N);
    return of.mask_AR
      ? scores_BANR.sub<tf.Tensor4D>(of.mask_AR.reshape([A, 1, R]))
      : scores_BANR;
  });
  const pattern_BANM = options.tap(patternOf(scores, softmax));
  const sizes = scores.map(({ shape }) => shape[3]);
  const patterns: tf.Tensor4D[] =
    cells.length === 1 ? [pattern_BANM] : tf.split(pattern_BANM, sizes, 3);
  const sums = cells.map((of, i) => orders[i].sums.sums(patterns[i], of, N));
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
