/**
 * What a design costs, by formula: parameters, matrix products, and memory
 * for keys and values. Nothing here is measured, and the paper's first version
 * reports no cost.
 *
 * Operations are those of matrix products alone, a multiply-add as 2. Norms,
 * rotations, softmax and the optimizer are left out, and so are the encoders.
 */
import type { LlamaConfig } from "../llm/config.ts";
import { type AudioLlmConfig, connectorSizes } from "./audio-llm.ts";
import { countConnector } from "./connector-size.ts";
import { connectorProducts } from "./cost-connector.ts";
import {
  decodeRows,
  type Flops,
  keptKeys,
  type LayerRows,
  layerProducts,
  type Moves,
  moveNever,
  moveWithConnector,
  moveWithLlm,
  type Product,
  prefillRows,
  product,
  sumFlops,
  type Tokens,
} from "./cost-products.ts";
import { type LayerPlan, layerPlans } from "./layer-plan.ts";

/** What is run. */
export interface CostSequence {
  /** Text tokens of a clip. */
  readonly T: number;
  /** Text positions of a clip whose next token is scored; all unless given. */
  readonly answer?: number;
  /** Clips; 1 unless given. */
  readonly B?: number;
}

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

/** The same numbers in two formats. */
export interface Bytes {
  readonly float32: number;
  readonly bf16: number;
}

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
  const products = [
    ...connectorProducts(connectorSizes(config), B),
    ...summaryProducts(layers, llama, tokens),
    ...layers.flatMap((layer) => layer.products),
    unembedding(llama, B * answer, moves),
  ];
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
    stage2Step: sumFlops(products, "stage2"),
    nextToken: sumFlops(next),
    keyValueBytes: {
      prefill: bytes(({ rows }) => rows.keys),
      decode: bytes(({ plan }) => keptKeys(plan, tokens)),
    },
  };
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

/** A layer's plan, and what follows from it. */
interface PlannedLayer {
  readonly plan: LayerPlan;
  readonly rows: LayerRows;
  readonly products: readonly Product[];
  readonly moves: Moves;
}

function plannedLayers(
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

function keyValueBytes(
  { headWidth: H, nKvHeads: K }: LlamaConfig,
  keys: number,
): Bytes {
  const numbers = 2 * keys * K * H;
  return { float32: 4 * numbers, bf16: 2 * numbers };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function checkSequence(
  caller: string,
  { audioAt, connector, llama, variant }: AudioLlmConfig,
  { T, answer = T, B = 1 }: CostSequence,
): { answer: number; tokens: Tokens } {
  const A = connector.query.steps * connector.query.bands;
  const expect = (name: string, value: number, [least, most]: number[]) => {
    if (Number.isInteger(value) && value >= least && value <= most) return;
    throw new RangeError(
      `${caller}: expected ${name} in ${least}..${most}, got ${value} ` +
        `(${A} audio tokens, variant "${variant.name}")`,
    );
  };
  expect("T", T, [Math.max(1, audioAt), llama.contextLength - A]);
  expect("answer", answer, [0, T]);
  expect("B", B, [1, Number.MAX_SAFE_INTEGER]);
  const { audioPath } = variant;
  const nSummary = typeof audioPath === "object" ? audioPath.summaryTokens : 0;
  expect("summaryTokens", nSummary, [0, A]);
  return { answer, tokens: { A, B, T, nSummary } };
}
