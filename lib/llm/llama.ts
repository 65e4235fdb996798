import * as tf from "@tensorflow/tfjs";
import { lastRows, linear, normalMatrix, silu } from "../tensor/layers.ts";
import { tappedRmsNorm } from "../tensor/norm.ts";
import type { Random } from "../tensor/random.ts";
import { dims } from "../tensor/shapes.ts";
import {
  isAsked,
  noTap,
  type Tap,
  tapReshaped,
  tapTurned,
} from "../tensor/tap.ts";
import type { LlamaConfig } from "./config.ts";
import { headsApart, sumOfHeads } from "./heads-apart.ts";
import { type Places, placesOf } from "./places.ts";
import { type Rotation, rotate } from "./rope.ts";

/** One layer's weights; X packs what is computed together. */
export type Block = {
  readonly attnNorm_D: tf.Tensor1D;
  /** Columns: N heads of H each. */
  readonly query_DX: tf.Tensor2D;
  /** Columns: K key heads, then K value heads, of H each. */
  readonly keyValue_DX: tf.Tensor2D;
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

/** Keys, turned to their positions, and values of the attended tokens. */
export type KeyValue = {
  readonly k_BKMH: tf.Tensor4D;
  readonly v_BKMH: tf.Tensor4D;
};

/** What a layer needs besides its weights and its stream. */
export interface LayerContext extends Places {
  readonly config: LlamaConfig;
  readonly layer: number;
  readonly tap: Tap;
  /** Tokens that answer in this layer but do not ask, and leave no trace. */
  readonly guests_BAD?: tf.Tensor3D;
  /** Keys and values of an earlier call; they stand before this call's. */
  readonly past?: KeyValue;
  /** Leading rows of the stream that the FFN passes over. */
  readonly nSkipFfn?: number;
}

/** A model of random weights, each matrix scaled by its inputs. */
export function initLlama(config: LlamaConfig, chance: Random): Llama {
  const { ffnWidth: W, headWidth: H, nHeads: N, nKvHeads: K } = config;
  const { nLayers, vocabularySize: V, width: D } = config;
  // What is added to the stream starts small, so that depth does not grow it.
  const quiet = 1 / Math.sqrt(2 * nLayers);
  const block = (): Block => ({
    attnNorm_D: tf.ones([D]),
    query_DX: normalMatrix(chance, [D, N * H], D ** -0.5),
    keyValue_DX: normalMatrix(chance, [D, 2 * K * H], D ** -0.5),
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
  { config, tap = noTap }: { config: LlamaConfig; tap?: Tap },
): tf.Tensor3D {
  const { vocabularySize: V } = config;
  const { B, T, D } = dims("unembed", x_BTD, "BTD");
  dims("unembed", embedding_VD, "VD", { V, D });
  const in_BTD = tap("unembed.hook_in", x_BTD);
  const normed_BTD = tappedRmsNorm(in_BTD, finalNorm_D, {
    epsilon: config.normEpsilon,
    ...{ name: "ln_final", tap },
  });
  const logits_XV = tf.matMul(
    normed_BTD.reshape<tf.Tensor2D>([B * T, D]),
    embedding_VD,
    false,
    true,
  );
  return tap("unembed.hook_out", logits_XV.reshape<tf.Tensor3D>([B, T, V]));
}

/** Scores after X of the B * T positions alone, in their order. */
export function unembedAt(
  llama: Llama,
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
 * Queries of the stream, keys and values of guests and stream.
 *
 * TransformerLens's axes: hook_q is b, p, h, d_head; keys and values have K
 * heads, not repeated for each query head.
 *
 * @param x_BMD - guests, then the S rows of the stream, before the norm
 */
export function queryKeyValue(
  block: Block,
  x_BMD: tf.Tensor3D,
  context: LayerContext,
): KeyValue & { readonly q_BNSH: tf.Tensor4D } {
  const { answers, asks, config, layer, tap } = context;
  const { nHeads: N, nKvHeads: K, headWidth: H, normEpsilon } = config;
  const { S } = dims("queryKeyValue", asks.cos_B1SH, "X1SH", { H });
  const { B, M } = dims("queryKeyValue", x_BMD, "BMD");
  const at = (hook: string) => `blocks.${layer}.attn.${hook}`;
  const normed_BMD = tappedRmsNorm(x_BMD, block.attnNorm_D, {
    ...{ epsilon: normEpsilon, name: `blocks.${layer}.ln1`, tap },
  });
  const own = { scale_D: block.attnNorm_D, epsilon: normEpsilon, tap };
  const apart = (name: string, N: number, weight: () => tf.Tensor2D) =>
    headsApart(name === "q" ? lastRows(x_BMD, S) : x_BMD, weight, {
      ...{ ...own, hook: `blocks.${layer}.hook_${name}_input`, N },
    });
  const half = (i: number) => () =>
    tf.split(block.keyValue_DX, 2, 1)[i] as tf.Tensor2D;
  const both_BMX = linear(normed_BMD, block.keyValue_DX);
  const both_BMXH = both_BMX.reshape<tf.Tensor4D>([B, M, 2 * K, H]);
  const [keys_BMKH, values_BMKH]: tf.Tensor4D[] = tf.split(both_BMXH, 2, 2);

  const q_BSNH =
    apart("q", N, () => block.query_DX) ??
    linear(lastRows(normed_BMD, S), block.query_DX).reshape([B, S, N, H]);
  const k_BMKH = apart("k", K, half(0)) ?? keys_BMKH;
  const v_BMKH = apart("v", K, half(1)) ?? values_BMKH;
  const byHead = (hook: string, x: tf.Tensor4D): tf.Tensor4D =>
    tap(at(hook), x).transpose(headsFirst);
  const turned = (hook: string, x: tf.Tensor4D, places: Rotation) =>
    tapTurned(tap, at(hook), [rotate(x, places), headsFirst]);
  return {
    q_BNSH: turned("hook_rot_q", byHead("hook_q", q_BSNH), asks),
    k_BKMH: turned("hook_rot_k", byHead("hook_k", k_BMKH), answers),
    v_BKMH: byHead("hook_v", v_BMKH),
  };
}

/** From b, p, h, d_head to b, h, p, d_head, and back. */
const headsFirst = [0, 2, 1, 3];

/** What attention adds to each asking position of the stream. */
export function attend(
  block: Block,
  { k_BKMH, q_BNSH, v_BKMH }: KeyValue & { readonly q_BNSH: tf.Tensor4D },
  { layer, mask_B1SM, tap }: LayerContext,
): tf.Tensor3D {
  const { B, N, S, H } = dims("attend", q_BNSH, "BNSH");
  const { K, M } = dims("attend", k_BKMH, "BKMH", { B, H });
  const at = (hook: string) => `blocks.${layer}.attn.${hook}`;
  // The query heads that share a key head stack their rows: X = S * N / K.
  const X = (S * N) / K;
  const mask_B1XM =
    N === K ? mask_B1SM : mask_B1SM.tile<tf.Tensor4D>([1, 1, N / K, 1]);
  const q_BKXH = q_BNSH.mul<tf.Tensor4D>(H ** -0.5).reshape([B, K, X, H]);
  const scores_BKXM: tf.Tensor4D = tf
    .matMul(q_BKXH, k_BKMH, false, true)
    .add(mask_B1XM);
  const shape = [B, N, S, M];
  const pattern_BKXM = tf.softmax(
    tapReshaped(tap, at("hook_attn_scores"), [scores_BKXM, shape]),
  ) as tf.Tensor4D;
  const z_BKXH: tf.Tensor4D = tf.matMul(
    tapReshaped(tap, at("hook_pattern"), [pattern_BKXM, shape]),
    v_BKMH,
  );
  const z_BSNH = tap(
    at("hook_z"),
    z_BKXH
      .reshape<tf.Tensor4D>([B, N, S, H])
      .transpose<tf.Tensor4D>(headsFirst),
  );
  return isAsked(tap, at("hook_result"))
    ? sumOfHeads(block.output_XD, z_BSNH, (x) => tap(at("hook_result"), x))
    : linear(z_BSNH.reshape([B, S, N * H]), block.output_XD);
}

/** What the FFN adds to each position: SwiGLU. */
export function ffn(
  block: Block,
  normed_BSD: tf.Tensor3D,
  { layer, tap }: Pick<LayerContext, "layer" | "tap">,
): tf.Tensor3D {
  dims("ffn", normed_BSD, "BSD");
  const at = (hook: string) => `blocks.${layer}.mlp.${hook}`;
  // Split and not sliced: the gradient of a slice is filled up with zeros.
  const halves = tf.split(linear(normed_BSD, block.gateUp_DX), 2, 2);
  const gate_BSW = tap(at("hook_pre"), halves[0]);
  const up_BSW = tap(at("hook_pre_linear"), halves[1]);
  const hidden_BSW: tf.Tensor3D = silu(gate_BSW).mul(up_BSW);
  return linear(tap(at("hook_post"), hidden_BSW), block.down_WD);
}

/**
 * One layer: attention adds to the stream, then the FFN does.
 *
 * Guests stand before the stream on the key axis, the past before both.
 *
 * @returns the stream, and the keys and values that this call has made
 */
export function runBlock(
  block: Block,
  x_BSD: tf.Tensor3D,
  context: LayerContext,
): KeyValue & { readonly x_BSD: tf.Tensor3D } {
  const { guests_BAD, layer, past, tap } = context;
  dims("runBlock", x_BSD, "BSD");
  const at = (hook: string) => `blocks.${layer}.${hook}`;
  const pre_BSD = tap(at("hook_resid_pre"), x_BSD);
  const x_BMD = guests_BAD ? tf.concat([guests_BAD, pre_BSD], 1) : pre_BSD;
  const made = queryKeyValue(block, x_BMD, context);
  const attended = past
    ? {
        q_BNSH: made.q_BNSH,
        k_BKMH: tf.concat([past.k_BKMH, made.k_BKMH], 2),
        v_BKMH: tf.concat([past.v_BKMH, made.v_BKMH], 2),
      }
    : made;
  const attnOut_BSD = tap(
    at("hook_attn_out"),
    attend(block, attended, context),
  );
  const mid_BSD: tf.Tensor3D = pre_BSD.add(attnOut_BSD);
  const { k_BKMH, v_BKMH } = made;
  return { x_BSD: afterAttention(block, mid_BSD, context), k_BKMH, v_BKMH };
}

/** The second half of a layer: the FFN reads the stream and adds to it. */
function afterAttention(
  block: Block,
  x_BSD: tf.Tensor3D,
  { config, layer, nSkipFfn = 0, tap }: LayerContext,
): tf.Tensor3D {
  const { B, S, D } = dims("afterAttention", x_BSD, "BSD");
  const at = (hook: string) => `blocks.${layer}.${hook}`;
  const mid_BSD = tap(at("hook_resid_mid"), x_BSD);
  const reads_BSD = lastRows(mid_BSD, S - nSkipFfn);
  const normed_BSD = tappedRmsNorm(
    tap(at("hook_mlp_in"), reads_BSD),
    block.ffnNorm_D,
    { epsilon: config.normEpsilon, name: at("ln2"), tap },
  );
  const out_BSD = ffn(block, normed_BSD, { layer, tap });
  const added_BSD: tf.Tensor3D =
    nSkipFfn > 0
      ? tf.concat([tf.zeros<tf.Rank.R3>([B, nSkipFfn, D]), out_BSD], 1)
      : out_BSD;
  const tapped_BSD = tap(at("hook_mlp_out"), added_BSD);
  return tap(at("hook_resid_post"), mid_BSD.add<tf.Tensor3D>(tapped_BSD));
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
