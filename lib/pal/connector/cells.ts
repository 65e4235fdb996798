import type * as tf from "@tensorflow/tfjs";
import type { Product } from "../../llm/part.ts";

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

/** How large the attention to one encoder is. */
export interface CellSizes {
  /** Different queries; one may be asked of many regions. */
  readonly X: number;
  /** Regions of all clips. */
  readonly G: number;
  /** Cells of a region. */
  readonly R: number;
  readonly E: number;
  readonly C: number;
  readonly N: number;
  /** Whether something is added to the cells by their place. */
  readonly isPlaced: boolean;
}

/**
 * Scores scores_BANR of latent tokens with their regions' cells and sums of
 * these cells' values, in one order of the products, and the products made.
 */
export interface Order {
  scores(q_BAC: tf.Tensor3D, cells: Cells, N: number): tf.Tensor4D;
  scoreProducts(sizes: CellSizes): Product<"connector">[];
  sums(pattern_BANR: tf.Tensor4D, cells: Cells, N: number): tf.Tensor3D;
  sumProducts(sizes: CellSizes): Product<"connector">[];
}

/** A product of which both factors move with the connector. */
export function own(sizes: Product["sizes"], times = 1): Product<"connector"> {
  return { kind: "connector", sizes, factors: ["weights", "weights"], times };
}

/** A product with features, which are frozen. */
export function ofFeatures(
  sizes: Product["sizes"],
  times = 1,
): Product<"connector"> {
  return { kind: "connector", sizes, factors: ["fixed", "weights"], times };
}
