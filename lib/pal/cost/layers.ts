import { type LlamaConfig, lettersOf } from "../../llm/config.ts";
import type { Rows } from "../../llm/part.ts";
import {
  type AudioLlmConfig,
  type DesignLayer,
  designOf,
} from "../design/design.ts";
import type { Group } from "../design/layer-plan.ts";
import {
  either,
  type MovedProduct,
  type Moves,
  moveWithConnector,
  moveWithLlm,
  sumFlops,
  withMoves,
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
  return costedLayers(config, tokens).map((costed) => {
    const { layer, products, rows } = costed;
    const forward = sumFlops(products);
    return {
      layer: layer.plan.layer,
      streamRows: rows.S,
      guestRows: rows.M - rows.S,
      keyRows: rows.M,
      attentionProjections: forward.attentionProjections,
      attentionScores: forward.attentionScores,
      ffn: forward.ffn,
      forward: forward.total,
      stage1Step: sumFlops(products, "stage1").total,
      stage2Step: sumFlops(products, "stage2").total,
      keyValueBytes: decodeBytes(costed, config.llama).float32,
    };
  });
}

/** A layer with what it costs on a sequence. */
export interface CostedLayer {
  readonly layer: DesignLayer;
  /** Of the whole sequence at once, and of one more text token. */
  readonly rows: Rows;
  readonly nextRows: Rows;
  readonly products: readonly MovedProduct[];
  readonly nextProducts: readonly MovedProduct[];
  /** Whether the stream moves after it. */
  readonly moves: Moves;
}

/**
 * The layers of a design with their products, from the first.
 *
 * Guests and stream are one tensor on their way to keys and values, so the
 * first layer with guests gives the text's rows a gradient too, for nothing.
 */
export function costedLayers(
  config: AudioLlmConfig,
  tokens: Tokens,
): CostedLayer[] {
  let moves = moveWithLlm;
  return designOf(config).layers.map((layer) => {
    const { fresh, joins } = layer.plan;
    if (fresh !== undefined || joins !== undefined) moves = moveWithConnector;
    const rows = wholeRows(layer, tokens);
    const nextRows = oneRow(layer, tokens);
    const before = { config: config.llama, moves };
    const { products, moves: after } = productsOf(layer, rows, before);
    moves = after;
    const next = productsOf(layer, nextRows, before);
    return {
      layer,
      rows,
      nextRows,
      products,
      nextProducts: next.products,
      moves,
    };
  });
}

/** The products of a layer's parts; what moves in one moves in the next. */
function productsOf(
  { added, parts }: DesignLayer,
  rows: Rows,
  before: { readonly config: LlamaConfig; readonly moves: Moves },
): { readonly products: MovedProduct[]; readonly moves: Moves } {
  let { moves } = before;
  const products = parts.flatMap((part) => {
    const weights = added.includes(part) ? moveWithConnector : moveWithLlm;
    const made = withMoves(part.products(before.config, rows), {
      stream: moves,
      weights,
    });
    moves = either(moves, weights);
    return made;
  });
  return { products, moves };
}

/** Rows of a layer that a whole sequence passes through at once. */
function wholeRows({ groups }: DesignLayer, tokens: Tokens): Rows {
  return {
    B: tokens.B,
    S: count(groups.q, tokens),
    M: count(groups.k, tokens),
    R: count(groups.ffn, tokens),
    A: tokens.A,
    isNext: false,
  };
}

/** Rows of a layer that one more text token passes through. */
function oneRow({ groups }: DesignLayer, tokens: Tokens): Rows {
  const M = count(groups.kept, tokens) + 1;
  return { B: tokens.B, S: 1, M, R: 1, A: tokens.A, isNext: true };
}

function count(groups: readonly Group[], { A, nSummary, T }: Tokens): number {
  const sizes = { audio: A, summary: nSummary, text: T };
  return groups.reduce((sum, group) => sum + sizes[group], 0);
}

/** The same numbers in two formats. */
export interface Bytes {
  readonly float32: number;
  readonly bf16: number;
}

/** Of all that a layer makes for later text when a sequence passes through. */
export function prefillBytes(
  { layer, rows }: CostedLayer,
  config: LlamaConfig,
): Bytes {
  return bytesOf(layer, rows, config);
}

/** Of what is kept of it. */
export function decodeBytes(
  { layer, nextRows }: CostedLayer,
  config: LlamaConfig,
): Bytes {
  return bytesOf(layer, { ...nextRows, M: nextRows.M - 1 }, config);
}

function bytesOf(
  { parts }: DesignLayer,
  { A, B, M }: Rows,
  config: LlamaConfig,
): Bytes {
  const sizes: Readonly<Record<string, number>> = {
    ...lettersOf(config),
    A,
    B,
    M,
  };
  const numbers = parts
    .flatMap(({ keeps }) => Object.values(keeps))
    .map(({ axes }) => [...axes].reduce((size, axis) => size * sizes[axis], 1))
    .reduce((sum, size) => sum + size, 0);
  return { float32: 4 * numbers, bf16: 2 * numbers };
}
