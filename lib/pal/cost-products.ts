import type { LlamaConfig } from "../llm/config.ts";
import type { LayerPlan } from "./layer-plan.ts";

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

/** How many rows one clip's sequence has in one layer. */
export interface LayerRows {
  /** In the residual stream, S: text, and the audio that lives there. */
  readonly stream: number;
  /** Audio tokens that give keys and values here and nothing else. */
  readonly guests: number;
  /** Attended to, M: guests, stream, and what is kept from earlier. */
  readonly keys: number;
  /** Through the FFN. */
  readonly ffn: number;
}

/** How many tokens a sequence has. */
export interface Tokens {
  /** Clips. */
  readonly B: number;
  /** Text tokens of a clip. */
  readonly T: number;
  /** Audio tokens of a clip. */
  readonly A: number;
  /** Audio tokens in the stream where only a summary lives there. */
  readonly nSummary: number;
}

/** Rows of a layer that a whole sequence passes through at once. */
export function prefillRows(plan: LayerPlan, tokens: Tokens): LayerRows {
  const { T, A } = tokens;
  const stream = T + audioInStream(plan, tokens);
  const guests = plan.fresh === undefined ? 0 : A;
  const ffn = plan.audioFfn ? stream : T;
  return { stream, guests, keys: guests + stream, ffn };
}

/** Rows of a layer that one more text token passes through. */
export function decodeRows(plan: LayerPlan, tokens: Tokens): LayerRows {
  return { stream: 1, guests: 0, keys: keptKeys(plan, tokens) + 1, ffn: 1 };
}

/** Keys of a layer that later text can still look at. */
export function keptKeys(plan: LayerPlan, tokens: Tokens): number {
  return plan.textHears ? prefillRows(plan, tokens).keys : tokens.T;
}

function audioInStream(plan: LayerPlan, { A, nSummary }: Tokens): number {
  return { none: 0, summary: nSummary, all: A }[plan.inStream];
}

/**
 * The products of one LLM layer for B clips.
 *
 * Scores are those of every row with every key: a mask forbids a look after
 * its score was computed, and saves nothing.
 *
 * @param moves - whether the layer's tokens move, guests included
 */
export function layerProducts(
  { ffn, guests, keys: M, stream: S }: LayerRows,
  config: LlamaConfig,
  { B, moves }: { readonly B: number; readonly moves: Moves },
): Product[] {
  const { ffnWidth: W, headWidth: H, width: D } = config;
  const { nHeads: N, nKvHeads: K } = config;
  const linear = (part: CostPart, sizes: Sizes) =>
    product(part, sizes, { factors: [moves, moveWithLlm], times: B });
  const perHead = (sizes: Sizes) =>
    product("attentionScores", sizes, {
      factors: [moves, moves],
      times: B * N,
    });
  return [
    linear("attentionProjections", [S, D, N * H]),
    linear("attentionProjections", [guests + S, D, 2 * K * H]),
    perHead([S, H, M]),
    perHead([S, M, H]),
    linear("attentionProjections", [S, N * H, D]),
    linear("ffn", [ffn, D, 2 * W]),
    linear("ffn", [ffn, W, D]),
  ];
}
