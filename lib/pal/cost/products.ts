import type { Factor, Product, ProductKind } from "../../llm/part.ts";

const noFlops = {
  connector: 0,
  /** Of queries, keys, values, and what the heads give back. */
  attentionProjections: 0,
  /** Queries with keys, and attention weights with values. */
  attentionScores: 0,
  ffn: 0,
  unembedding: 0,
  total: 0,
};

/** Floating-point operations of matrix products, part by part. */
export type Flops = Readonly<typeof noFlops>;

/** What a design's products are counted under. */
export type CostKind = ProductKind | "connector";

/**
 * Whether a matrix has a gradient in a stage of training: because it is
 * trained, or because it follows from one that is.
 */
export interface Moves {
  /** Only the connector is trained. */
  readonly stage1: boolean;
  /** All but the encoders are trained. */
  readonly stage2: boolean;
}

const moveNever: Moves = { stage1: false, stage2: false };
export const moveWithLlm: Moves = { stage1: false, stage2: true };
export const moveWithConnector: Moves = { stage1: true, stage2: true };

/** A product of which each factor is known to move or not. */
export interface MovedProduct {
  readonly kind: CostKind;
  /** A multiply-add counts 2. */
  readonly flops: number;
  /** The two matrices; the gradient of each costs the product once more. */
  readonly factors: readonly [Moves, Moves];
}

/** Where either of two moves. */
export function either(one: Moves, other: Moves): Moves {
  return {
    stage1: one.stage1 || other.stage1,
    stage2: one.stage2 || other.stage2,
  };
}

/** Products of a part, given whether its stream and its weights move. */
export function withMoves(
  products: readonly Product<CostKind>[],
  { stream, weights }: { readonly stream: Moves; readonly weights: Moves },
): MovedProduct[] {
  const moves: Readonly<Record<Factor, Moves>> = {
    stream: either(stream, weights),
    weights,
    audio: moveWithConnector,
    fixed: moveNever,
  };
  return products.map(({ factors: [left, right], kind, sizes, times }) => ({
    kind,
    flops: 2 * sizes[0] * sizes[1] * sizes[2] * times,
    factors: [moves[left], moves[right]],
  }));
}

/**
 * Operations of all products, or, for a stage, of a training step: each
 * product is computed once more for each of its factors that moves.
 */
export function sumFlops(
  products: readonly MovedProduct[],
  stage?: keyof Moves,
): Flops {
  const sums = { ...noFlops };
  for (const { factors, flops, kind } of products) {
    const nMoving = stage ? factors.filter((moves) => moves[stage]).length : 0;
    sums[kind] += flops * (1 + nMoving);
    sums.total += flops * (1 + nMoving);
  }
  return sums;
}
