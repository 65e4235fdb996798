/**
 * What a design costs, by formula: parameters, matrix products, and memory
 * for keys and values. Nothing here is measured, and the paper's first version
 * reports no cost.
 *
 * Operations are those of matrix products alone, a multiply-add as 2. Norms,
 * rotations, softmax and the optimizer are left out, and so are the encoders.
 */
import { countLlama, unembedding } from "../../llm/llama.ts";
import { type Product, weightsOf } from "../../llm/part.ts";
import { countWeights } from "../../tensor/weights.ts";
import { connectorProducts } from "../connector/connector.ts";
import { countConnector } from "../connector/size.ts";
import {
  type AudioLlmConfig,
  type Design,
  designOf,
} from "../design/design.ts";
import {
  type Bytes,
  type CostedLayer,
  costedLayers,
  decodeBytes,
  prefillBytes,
} from "./layers.ts";
import {
  type CostKind,
  type Flops,
  moveWithConnector,
  moveWithLlm,
  sumFlops,
  withMoves,
} from "./products.ts";
import { type CostSequence, checkSequence, type Tokens } from "./sequence.ts";

export { countLlama } from "../../llm/llama.ts";
export { type LayerCost, layerCosts } from "./layers.ts";
export type { CostSequence };

export interface Cost {
  readonly parameters: {
    readonly llama: number;
    readonly crossAttentions: number;
    readonly projections: number;
    /** Of what a design puts between the layers' own parts, if anything. */
    readonly parts?: number;
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
  const design = designOf(config);
  const layers = costedLayers(config, tokens);
  const { moves } = layers[layers.length - 1];
  const lastOnes = (rows: number) =>
    withMoves(unembedding.products(llama, rows), {
      stream: moves,
      weights: moveWithLlm,
    });
  const hearing = withMoves(
    [
      ...connectorProducts(design.connector, B),
      ...summaryProducts(design, llama.width, tokens),
    ],
    { stream: moveWithConnector, weights: moveWithConnector },
  );
  const productsOf = (some: readonly CostedLayer[]) => [
    ...hearing,
    ...some.flatMap(({ products }) => products),
    ...lastOnes(B * answer),
  ];
  const products = productsOf(layers);
  const cached = productsOf(layers.slice(design.fused[0]));
  const next = [
    ...layers.flatMap(({ nextProducts }) => nextProducts),
    ...lastOnes(B),
  ];
  const bytes = (of: typeof prefillBytes): Bytes => {
    const each = layers.map((layer) => of(layer, llama));
    return {
      float32: sum(each.map(({ float32 }) => float32)),
      bf16: sum(each.map(({ bf16 }) => bf16)),
    };
  };
  return {
    parameters: countAll(config),
    forward: sumFlops(products),
    stage1Step: sumFlops(products, "stage1"),
    stage1CachedStep: sumFlops(cached, "stage1"),
    stage2Step: sumFlops(products, "stage2"),
    nextToken: sumFlops(next),
    keyValueBytes: {
      prefill: bytes(prefillBytes),
      decode: bytes(decodeBytes),
    },
  };
}

function countAll(config: AudioLlmConfig): Cost["parameters"] {
  const llama = countLlama(config.llama);
  const { connector, layers } = designOf(config);
  const { total, ...counts } = countConnector(connector);
  const parts = countWeights(
    layers.map(({ added }) => weightsOf(added, config.llama)),
  );
  return {
    llama,
    ...counts,
    ...(parts > 0 ? { parts } : {}),
    total: llama + total + parts,
  };
}

/** Summaries are means of audio tokens, taken by a matrix. */
function summaryProducts(
  { layers }: Design,
  D: number,
  { A, B, nSummary }: Tokens,
): Product<CostKind>[] {
  return layers
    .filter(
      ({ plan }) => plan.joins !== undefined && plan.inStream === "summary",
    )
    .map(() => ({
      kind: "connector",
      sizes: [nSummary, A, D],
      factors: ["fixed", "audio"],
      times: B,
    }));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
