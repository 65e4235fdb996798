import * as tf from "@tensorflow/tfjs";
import { gatherPacked, isPacked, productOfPacked } from "../tensor/bfloat16.ts";
import { normHooks, tappedRmsNorm } from "../tensor/norm.ts";
import type { Random } from "../tensor/random.ts";
import { dims } from "../tensor/shapes.ts";
import { type Hook, noTap, type Tap } from "../tensor/tap.ts";
import {
  countWeights,
  filled,
  initWeights,
  normal,
  type WeightTree,
} from "../tensor/weights.ts";
import {
  type AttentionWeights,
  attention,
  type KeyValue,
} from "./attention.ts";
import type { LlamaConfig } from "./config.ts";
import { type FfnWeights, ffn } from "./ffn.ts";
import {
  type LayerContext,
  type Part,
  type Product,
  runParts,
  weightsOf,
} from "./part.ts";
import { placesOf } from "./places.ts";

/** One layer's weights. */
export type Block = AttentionWeights & FfnWeights;

/** The whole model. */
export type Llama = {
  readonly embedding_VD: tf.Tensor2D;
  readonly blocks: readonly Block[];
  readonly finalNorm_D: tf.Tensor1D;
  /** Reads tokens out; left out where the embedding does. */
  readonly unembedding_VD?: tf.Tensor2D;
};

/** What every layer of the language model does, in order. */
export const llamaParts: readonly Part[] = [attention, ffn];

/** The weights of the whole model, each matrix scaled by its inputs. */
function weightTree(config: LlamaConfig) {
  const { hasUnembedding, nLayers, vocabularySize: V, width: D } = config;
  const table = normal([V, D], D ** -0.5);
  return {
    embedding_VD: table,
    blocks: Array.from({ length: nLayers }, () =>
      weightsOf(llamaParts, config),
    ),
    finalNorm_D: filled([D], 1),
    ...(hasUnembedding ? { unembedding_VD: table } : {}),
  } satisfies WeightTree;
}

/** A model of random weights. */
export function initLlama(config: LlamaConfig, chance: Random): Llama {
  return initWeights(weightTree(config), chance) as Llama;
}

/** Parameters of a language model. */
export function countLlama(config: LlamaConfig): number {
  return countWeights(weightTree(config));
}

/** Embeds token ids. */
export function embed(
  { embedding_VD }: Pick<Llama, "embedding_VD">,
  tokens_BT: tf.Tensor2D,
): tf.Tensor3D {
  dims("embed", tokens_BT, "BT");
  if (isPacked(embedding_VD)) return gatherPacked(embedding_VD, tokens_BT);
  const x_BTD: tf.Tensor = tf.gather(embedding_VD, tokens_BT);
  return x_BTD as tf.Tensor3D;
}

/** What reads a stream out. */
export type Readout = Omit<Llama, "blocks">;

/** Reads a stream out as scores: what it shows, and what it multiplies. */
export const unembedding = {
  hooks: [
    { name: "unembed.hook_in", axes: "BTD" },
    ...normHooks("ln_final", "BTD"),
    { name: "unembed.hook_out", axes: "BTV" },
  ] as readonly Hook[],
  products: (
    { vocabularySize: V, width: D }: LlamaConfig,
    rows: number,
  ): Product[] => [
    {
      kind: "unembedding",
      sizes: [rows, D, V],
      factors: ["stream", "weights"],
      times: 1,
    },
  ],
};

/** Scores of every token after each position. */
export function unembed(
  { embedding_VD, finalNorm_D, unembedding_VD = embedding_VD }: Readout,
  x_BTD: tf.Tensor3D,
  { config, tap = noTap }: { config: LlamaConfig; tap?: Tap },
): tf.Tensor3D {
  const { vocabularySize: V } = config;
  const { B, T, D } = dims("unembed", x_BTD, "BTD");
  const in_BTD = tap("unembed.hook_in", x_BTD);
  const normed_BTD = tappedRmsNorm(in_BTD, finalNorm_D, {
    epsilon: config.normEpsilon,
    name: "ln_final",
    tap,
  });
  const normed_RD = normed_BTD.reshape<tf.Tensor2D>([B * T, D]);
  const logits_RV = isPacked(unembedding_VD)
    ? productOfPacked(normed_RD, unembedding_VD)
    : productOfRows(normed_RD, unembedding_VD, V);
  return tap("unembed.hook_out", logits_RV.reshape<tf.Tensor3D>([B, T, V]));
}

function productOfRows(
  x_RD: tf.Tensor2D,
  rows_VD: tf.Tensor2D,
  V: number,
): tf.Tensor2D {
  dims("unembed", rows_VD, "VD", { V, D: x_RD.shape[1] });
  return tf.matMul(x_RD, rows_VD, false, true);
}

/** Scores after X of the B * T positions alone, in their order. */
export function unembedAt(
  llama: Readout,
  x_BTD: tf.Tensor3D,
  { at_X, config }: { at_X: tf.Tensor1D; config: LlamaConfig },
): tf.Tensor2D {
  const { B, T, D } = dims("unembedAt", x_BTD, "BTD");
  const { X } = dims("unembedAt", at_X, "X");
  const picked: tf.Tensor = tf.gather(x_BTD.reshape([B * T, D]), at_X);
  const picked_1XD = picked.reshape<tf.Tensor3D>([1, X, D]);
  const { vocabularySize: V } = config;
  return unembed(llama, picked_1XD, { config }).reshape([X, V]);
}

/**
 * One layer: attention adds to the stream, then the FFN does.
 *
 * @returns the stream, and the keys and values that this call has made
 */
export function runBlock(
  block: Block,
  x_BSD: tf.Tensor3D,
  context: LayerContext,
): KeyValue & { readonly x_BSD: tf.Tensor3D } {
  const after = runParts(llamaParts, block, { context, x_BSD });
  return { x_BSD: after.x_BSD, ...(after.kept as KeyValue) };
}

/** The residual stream of a text after the last layer. */
export function readLlama(
  llama: Llama,
  tokens_BT: tf.Tensor2D,
  { config, tap = noTap }: { config: LlamaConfig; tap?: Tap },
): tf.Tensor3D {
  const { T } = dims("readLlama", tokens_BT, "BT");
  return tf.tidy(() => {
    const places = placesOf([...Array(T).keys()], config);
    return llama.blocks.reduce(
      (x, block, layer) =>
        tf.tidy(
          () => runBlock(block, x, { ...places, config, layer, tap }).x_BSD,
        ),
      tap("hook_embed", embed(llama, tokens_BT)),
    );
  });
}

/** Scores of the next token after each position of a text. */
export function runLlama(
  llama: Llama,
  tokens_BT: tf.Tensor2D,
  options: { readonly config: LlamaConfig; readonly tap?: Tap },
): tf.Tensor3D {
  return tf.tidy(() =>
    unembed(llama, readLlama(llama, tokens_BT, options), options),
  );
}
