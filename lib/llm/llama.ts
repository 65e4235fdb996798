import * as tf from "@tensorflow/tfjs";
import {
  attentionPattern,
  forbidden,
  linear,
  mergeHeads,
  normalMatrix,
  rmsNorm,
  silu,
  splitHeads,
} from "../tensor/layers.ts";
import type { Random } from "../tensor/random.ts";
import { dims } from "../tensor/shapes.ts";
import { noTap, type Tap } from "../tensor/tap.ts";
import type { LlamaConfig } from "./config.ts";
import { type Rotation, rotate, rotationOf } from "./rope.ts";

/** One layer's weights; X packs what is computed together. */
export type Block = {
  readonly attnNorm_D: tf.Tensor1D;
  /** Columns: N query heads, K key heads, K value heads, of H each. */
  readonly queryKeyValue_DX: tf.Tensor2D;
  readonly output_XD: tf.Tensor2D;
  readonly ffnNorm_D: tf.Tensor1D;
  /** Columns: the gate's W, then the W it multiplies. */
  readonly gateUp_DX: tf.Tensor2D;
  readonly down_WD: tf.Tensor2D;
};

/** The whole model; the embedding is also the unembedding. */
export type Llama = {
  readonly embedding_VD: tf.Tensor2D;
  readonly blocks: readonly Block[];
  readonly finalNorm_D: tf.Tensor1D;
};

/** Where a stream's positions stand and may look. */
export interface Places {
  readonly rotation: Rotation;
  /** 0 where S may look at M, `forbidden` elsewhere. */
  readonly mask_SM: tf.Tensor2D;
}

/** What a layer needs besides its weights and its input. */
export interface LayerContext extends Places {
  readonly config: LlamaConfig;
  readonly layer: number;
  readonly tap: Tap;
}

/** A model of random weights, each matrix scaled by its inputs. */
export function initLlama(config: LlamaConfig, chance: Random): Llama {
  const { ffnWidth: W, headWidth: H, nHeads: N, nKvHeads: K } = config;
  const { nLayers, vocabularySize: V, width: D } = config;
  // What is added to the stream starts small, so that depth does not grow it.
  const quiet = 1 / Math.sqrt(2 * nLayers);
  const block = (): Block => ({
    attnNorm_D: tf.ones([D]),
    queryKeyValue_DX: normalMatrix(chance, [D, (N + 2 * K) * H], D ** -0.5),
    output_XD: normalMatrix(chance, [N * H, D], quiet * (N * H) ** -0.5),
    ffnNorm_D: tf.ones([D]),
    gateUp_DX: normalMatrix(chance, [D, 2 * W], D ** -0.5),
    down_WD: normalMatrix(chance, [W, D], quiet * W ** -0.5),
  });
  return {
    embedding_VD: normalMatrix(chance, [V, D], D ** -0.5),
    blocks: Array.from({ length: nLayers }, block),
    finalNorm_D: tf.ones([D]),
  };
}

/** A position sees itself and whatever stands before it. */
export function causalMask(
  askers: readonly number[],
  answerers: readonly number[] = askers,
): tf.Tensor2D {
  const looks = askers.map((asker) =>
    answerers.map((answerer) => (answerer <= asker ? 0 : forbidden)),
  );
  return tf.tensor2d(looks, [askers.length, answerers.length]);
}

/** Rotation and causal mask of a stream at these positions. */
export function placesOf(
  positions: readonly number[],
  config: LlamaConfig,
): Places {
  return {
    rotation: rotationOf(positions, config),
    mask_SM: causalMask(positions),
  };
}

/** Embeds token ids. */
export function embed(
  { embedding_VD }: Llama,
  tokens_BT: tf.Tensor2D,
): tf.Tensor3D {
  dims("embed", tokens_BT, "BT");
  const x_BTD: tf.Tensor = tf.gather(embedding_VD, tokens_BT);
  return x_BTD as tf.Tensor3D;
}

/** Scores of every token after each position. */
export function unembed(
  { embedding_VD, finalNorm_D }: Llama,
  x_BTD: tf.Tensor3D,
  { normEpsilon, vocabularySize: V }: LlamaConfig,
): tf.Tensor3D {
  const { B, T, D } = dims("unembed", x_BTD, "BTD");
  dims("unembed", embedding_VD, "VD", { V, D });
  const normed_BTD = rmsNorm(x_BTD, finalNorm_D, normEpsilon);
  return tf
    .matMul(normed_BTD.reshape([B * T, D]), embedding_VD, false, true)
    .reshape([B, T, V]);
}

/** Queries, keys and values of a stream, turned to their positions. */
export function queryKeyValue(
  block: Block,
  normed_BSD: tf.Tensor3D,
  { config, rotation }: LayerContext,
) {
  const { nHeads: N, nKvHeads: K, headWidth: H } = config;
  const { B, S } = dims("queryKeyValue", normed_BSD, "BSD");
  const all_BSX = linear(normed_BSD, block.queryKeyValue_DX);
  const heads = (from: number, count: number) =>
    splitHeads(all_BSX.slice([0, 0, from * H], [B, S, count * H]), count);
  // Queries and keys turn together.
  const turned_BNSH = rotate(heads(0, N + K), rotation);
  return {
    q_BNSH: turned_BNSH.slice([0, 0, 0, 0], [B, N, S, H]),
    k_BKSH: turned_BNSH.slice([0, N, 0, 0], [B, K, S, H]),
    v_BKSH: heads(N + K, K),
  };
}

/** What attention adds to each asking position of the stream. */
export function attend(
  block: Block,
  parts: {
    readonly q_BNSH: tf.Tensor4D;
    readonly k_BKMH: tf.Tensor4D;
    readonly v_BKMH: tf.Tensor4D;
  },
  { layer, mask_SM, tap }: LayerContext,
): tf.Tensor3D {
  const { k_BKMH, q_BNSH, v_BKMH } = parts;
  const { B, N, S, H } = dims("attend", q_BNSH, "BNSH");
  const { K, M } = dims("attend", k_BKMH, "BKMH", { B, H });
  // The query heads that share a key head stack their rows: X = S * N / K.
  const X = (S * N) / K;
  const mask_XM = N === K ? mask_SM : mask_SM.tile<tf.Tensor2D>([N / K, 1]);
  const pattern_BKXM = attentionPattern(
    q_BNSH.reshape([B, K, X, H]),
    k_BKMH,
    mask_XM,
  );
  const pattern_BNSM = tap(
    `blocks.${layer}.attn.hook_pattern`,
    pattern_BKXM.reshape<tf.Tensor4D>([B, N, S, M]),
  );
  const z_BKXH: tf.Tensor4D = tf.matMul(
    pattern_BNSM.reshape<tf.Tensor4D>([B, K, X, M]),
    v_BKMH,
  );
  return linear(mergeHeads(z_BKXH.reshape([B, N, S, H])), block.output_XD);
}

/** What the FFN adds to each position: SwiGLU. */
export function ffn(block: Block, normed_BSD: tf.Tensor3D): tf.Tensor3D {
  const { B, S } = dims("ffn", normed_BSD, "BSD");
  const [W] = block.down_WD.shape;
  const both_BSX = linear(normed_BSD, block.gateUp_DX);
  const gate_BSW = both_BSX.slice([0, 0, 0], [B, S, W]);
  const up_BSW = both_BSX.slice([0, 0, W], [B, S, W]);
  return linear(silu(gate_BSW).mul(up_BSW), block.down_WD);
}

/** The second half of a layer: the FFN reads the stream and adds to it. */
export function afterAttention(
  block: Block,
  mid_BSD: tf.Tensor3D,
  { config, layer, tap }: LayerContext,
): tf.Tensor3D {
  const normed_BSD = rmsNorm(mid_BSD, block.ffnNorm_D, config.normEpsilon);
  const ffnOut_BSD = tap(
    `blocks.${layer}.hook_mlp_out`,
    ffn(block, normed_BSD),
  );
  return tap(`blocks.${layer}.hook_resid_post`, mid_BSD.add(ffnOut_BSD));
}

/** One layer: attention adds to the stream, then the FFN does. */
export function runBlock(
  block: Block,
  x_BSD: tf.Tensor3D,
  context: LayerContext,
): tf.Tensor3D {
  const { config, layer, tap } = context;
  const pre_BSD = tap(`blocks.${layer}.hook_resid_pre`, x_BSD);
  const normed_BSD = rmsNorm(pre_BSD, block.attnNorm_D, config.normEpsilon);
  const { q_BNSH, k_BKSH, v_BKSH } = queryKeyValue(block, normed_BSD, context);
  const attnOut_BSD = tap(
    `blocks.${layer}.hook_attn_out`,
    attend(block, { q_BNSH, k_BKMH: k_BKSH, v_BKMH: v_BKSH }, context),
  );
  const mid_BSD: tf.Tensor3D = tap(
    `blocks.${layer}.hook_resid_mid`,
    pre_BSD.add(attnOut_BSD),
  );
  return afterAttention(block, mid_BSD, context);
}

/** Scores of the next token after each position of a text. */
export function runLlama(
  llama: Llama,
  tokens_BT: tf.Tensor2D,
  { config, tap = noTap }: { config: LlamaConfig; tap?: Tap },
): tf.Tensor3D {
  const { T } = dims("runLlama", tokens_BT, "BT");
  return tf.tidy(() => {
    const places = placesOf([...Array(T).keys()], config);
    let x_BTD = tap("hook_embed", embed(llama, tokens_BT));
    llama.blocks.forEach((block, layer) => {
      x_BTD = runBlock(block, x_BTD, { ...places, config, layer, tap });
    });
    return unembed(llama, x_BTD, config);
  });
}
