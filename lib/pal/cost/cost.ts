/**
 * What a design costs, by formula: parameters, matrix products, and memory
 * for keys and values. Nothing here is measured, and the paper's first version
 * reports no cost.
 *
 * Operations are those of matrix products alone, a multiply-add as 2. Norms,
 * rotations, softmax and the optimizer are left out, and so are the encoders.
 */
import type { LlamaConfig } from "../../llm/config.ts";
import { countConnector } from "../connector/size.ts";
import { type AudioLlmConfig, connectorSizes } from "../run/audio-llm.ts";
import { connectorProducts } from "./connector.ts";
import {
  type Bytes,
  decodeRows,
  keptKeys,
  keyValueBytes,
  layerProducts,
  type PlannedLayer,
  plannedLayers,
} from "./layers.ts";
import {
  type Flops,
  type Moves,
  moveNever,
  moveWithConnector,
  moveWithLlm,
  type Product,
  product,
  sumFlops,
} from "./products.ts";
import { type CostSequence, checkSequence, type Tokens } from "./sequence.ts";

export { type LayerCost, layerCosts } from "./layers.ts";
export type { CostSequence };

export interface Cost {
  readonly parameters: {
    readonly llama: number;
    readonly crossAttentions: number;
    readonly projections: number;
    readonly total: number;
  };
  readonly forward: Flops;
  /** Forward and backward where only the connector is trained. */
  readonly stage1Step: Flops;
  /** The same with the text's stream below the first audio from a cache. */
  readonly stage1CachedStep: Flops;
  /** Forward and backward where all but the encoders are trained. */
  readonly stage2Step: Flops;
  /** One more text token, from the keys and values that were kept. */
  readonly nextToken: Flops;
  /** Of keys and values, in all layers. */
  readonly keyValueBytes: {
    /** Computed when the text passes through. */
    readonly prefill: Bytes;
    /** Kept for the tokens that follow. */
    readonly decode: Bytes;
  };
}

/**
 * Cost of a design on a sequence.
 *
 * A training step computes a product again for each of its factors that has a
 * gradient. While the LLM is frozen those of its weights are left out, and so
 * are all of the layers that come before the audio.
 */
export function costOf(config: AudioLlmConfig, sequence: CostSequence): Cost {
  const { answer, tokens } = checkSequence("costOf", config, sequence);
  const { llama } = config;
  const { B } = tokens;
  const layers = plannedLayers(config, tokens);
  const { moves } = layers[layers.length - 1];
  const productsOf = (some: readonly PlannedLayer[]) => [
    ...connectorProducts(connectorSizes(config), B),
    ...summaryProducts(layers, llama, tokens),
    ...some.flatMap((layer) => layer.products),
    unembedding(llama, B * answer, moves),
  ];
  const products = productsOf(layers);
  const cached = productsOf(layers.filter((layer) => layer.moves.stage1));
  const next = [
    ...layers.flatMap(({ plan }) =>
      layerProducts(decodeRows(plan, tokens), llama, { B, moves }),
    ),
    unembedding(llama, B, moves),
  ];
  const bytes = (keysOf: (layer: PlannedLayer) => number) =>
    keyValueBytes(llama, B * sum(layers.map(keysOf)));
  return {
    parameters: countAll(config),
    forward: sumFlops(products),
    stage1Step: sumFlops(products, "stage1"),
    stage1CachedStep: sumFlops(cached, "stage1"),
    stage2Step: sumFlops(products, "stage2"),
    nextToken: sumFlops(next),
    keyValueBytes: {
      prefill: bytes(({ rows }) => rows.keys),
      decode: bytes(({ plan }) => keptKeys(plan, tokens)),
    },
  };
}

/** Parameters of a language model whose embedding is its unembedding. */
export function countLlama(config: LlamaConfig): number {
  const { ffnWidth: W, headWidth: H, width: D } = config;
  const { nHeads: N, nKvHeads: K, nLayers, vocabularySize: V } = config;
  const attention = D * (N + 2 * K) * H + N * H * D;
  const norms = 2 * D;
  return V * D + nLayers * (attention + 3 * D * W + norms) + D;
}

function countAll(config: AudioLlmConfig): Cost["parameters"] {
  const llama = countLlama(config.llama);
  const { total, ...connector } = countConnector(connectorSizes(config));
  return { llama, ...connector, total: llama + total };
}

/** Summaries are means of audio tokens, taken by a matrix. */
function summaryProducts(
  layers: readonly PlannedLayer[],
  { width: D }: LlamaConfig,
  { A, B, nSummary }: Tokens,
): Product[] {
  const entries = layers.filter(
    ({ plan }) => plan.joins !== undefined && plan.inStream === "summary",
  );
  return entries.map(() =>
    product("connector", [nSummary, A, D], {
      factors: [moveNever, moveWithConnector],
      times: B,
    }),
  );
}

function unembedding(
  { vocabularySize: V, width: D }: LlamaConfig,
  rows: number,
  moves: Moves,
): Product {
  return product("unembedding", [rows, D, V], {
    factors: [moves, moveWithLlm],
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
