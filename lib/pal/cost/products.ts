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

export type CostPart = Exclude<keyof Flops, "total">;

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

export const moveNever: Moves = { stage1: false, stage2: false };
export const moveWithLlm: Moves = { stage1: false, stage2: true };
export const moveWithConnector: Moves = { stage1: true, stage2: true };

/** One or more equal matrix products of a forward pass. */
export interface Product {
  readonly part: CostPart;
  /** A multiply-add counts 2. */
  readonly flops: number;
  /** The two matrices; the gradient of each costs the product once more. */
  readonly factors: readonly [Moves, Moves];
}

/** Rows, inner size and columns of a matrix product. */
export type Sizes = readonly [number, number, number];

/** `times` products of a rows-by-inner and an inner-by-columns matrix. */
export function product(
  part: CostPart,
  [rows, inner, columns]: Sizes,
  { factors, times = 1 }: Pick<Product, "factors"> & { times?: number },
): Product {
  return { part, flops: 2 * rows * inner * columns * times, factors };
}

/**
 * Operations of all products, or, for a stage, of a training step: each
 * product is computed once more for each of its factors that moves.
 */
export function sumFlops(
  products: readonly Product[],
  stage?: keyof Moves,
): Flops {
  const sums = { ...noFlops };
  for (const { factors, flops, part } of products) {
    const nMoving = stage ? factors.filter((moves) => moves[stage]).length : 0;
    sums[part] += flops * (1 + nMoving);
    sums.total += flops * (1 + nMoving);
  }
  return sums;
}
