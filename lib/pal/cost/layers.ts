import type { LlamaConfig } from "../../llm/config.ts";
import { type LayerPlan, layerPlans } from "../design/layer-plan.ts";
import type { AudioLlmConfig } from "../run/audio-llm.ts";
import {
  type CostPart,
  type Moves,
  moveWithConnector,
  moveWithLlm,
  type Product,
  product,
  type Sizes,
  sumFlops,
} from "./products.ts";
import { type CostSequence, checkSequence, type Tokens } from "./sequence.ts";

/** What one LLM layer costs: a row for a table or a figure. */
export interface LayerCost {
  readonly layer: number;
  /** In the residual stream: text, and the audio that lives there. */
  readonly streamRows: number;
  /** Audio tokens that give keys and values and nothing else. */
  readonly guestRows: number;
  /** Attended to. */
  readonly keyRows: number;
  readonly attentionProjections: number;
  readonly attentionScores: number;
  readonly ffn: number;
  /** The three together. */
  readonly forward: number;
  readonly stage1Step: number;
  readonly stage2Step: number;
  /** Kept for the tokens that follow, in float32. */
  readonly keyValueBytes: number;
}

/** Cost of each LLM layer; connector and unembedding are no layer's. */
export function layerCosts(
  config: AudioLlmConfig,
  sequence: CostSequence,
): LayerCost[] {
  const { tokens } = checkSequence("layerCosts", config, sequence);
  return plannedLayers(config, tokens).map(({ plan, products, rows }) => {
    const forward = sumFlops(products);
    const kept = tokens.B * keptKeys(plan, tokens);
    return {
      layer: plan.layer,
      streamRows: rows.stream,
      guestRows: rows.guests,
      keyRows: rows.keys,
      attentionProjections: forward.attentionProjections,
      attentionScores: forward.attentionScores,
      ffn: forward.ffn,
      forward: forward.total,
      stage1Step: sumFlops(products, "stage1").total,
      stage2Step: sumFlops(products, "stage2").total,
      keyValueBytes: keyValueBytes(config.llama, kept).float32,
    };
  });
}

/** A layer's plan, and what follows from it. */
export interface PlannedLayer {
  readonly plan: LayerPlan;
  readonly rows: LayerRows;
  readonly products: readonly Product[];
  readonly moves: Moves;
}

/**
 * The layers of a design with their products, from the first.
 *
 * Guests and stream are one tensor on their way to keys and values, so the
 * first layer with guests gives the text's rows a gradient too, for nothing.
 */
export function plannedLayers(
  { llama, variant }: AudioLlmConfig,
  tokens: Tokens,
): PlannedLayer[] {
  let moves = moveWithLlm;
  return layerPlans(variant, llama.nLayers).map((plan) => {
    const { fresh, joins } = plan;
    if (fresh !== undefined || joins !== undefined) moves = moveWithConnector;
    const rows = prefillRows(plan, tokens);
    const products = layerProducts(rows, llama, { B: tokens.B, moves });
    return { plan, rows, products, moves };
  });
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

/** The same numbers in two formats. */
export interface Bytes {
  readonly float32: number;
  readonly bf16: number;
}

/** Of keys and their values in one layer. */
export function keyValueBytes(
  { headWidth: H, nKvHeads: K }: LlamaConfig,
  keys: number,
): Bytes {
  const numbers = 2 * keys * K * H;
  return { float32: 4 * numbers, bf16: 2 * numbers };
}
