import * as tf from "@tensorflow/tfjs";
import { lastRows, linear } from "../tensor/layers.ts";
import { normHooks, tappedRmsNorm } from "../tensor/norm.ts";
import { dims } from "../tensor/shapes.ts";
import { type Hook, isAsked, tapReshaped, tapTurned } from "../tensor/tap.ts";
import { filled, normal } from "../tensor/weights.ts";
import { headsApart, sumOfHeads } from "./heads-apart.ts";
import { hookIn, type LayerContext, type Part } from "./part.ts";
import { type Rotation, rotate } from "./rope.ts";

/** X packs what is computed together. */
export type AttentionWeights = {
  readonly attnNorm_D: tf.Tensor1D;
  /** Columns: N heads of H each. */
  readonly query_DX: tf.Tensor2D;
  /** Columns: K key heads, then K value heads, of H each. */
  readonly keyValue_DX: tf.Tensor2D;
  readonly output_XD: tf.Tensor2D;
};

/** Keys, turned to their positions, and values of the attended tokens. */
export type KeyValue = {
  readonly k_BKMH: tf.Tensor4D;
  readonly v_BKMH: tf.Tensor4D;
};

/**
 * Names and axes are TransformerLens's: hook_q is b, p, h, d_head. Keys and
 * values have K heads, not repeated for each query head, and run over M, which
 * in a layer with guests is longer than S.
 */
const hooks = {
  residPre: { name: "hook_resid_pre", axes: "BSD" },
  q: { name: "attn.hook_q", axes: "BSNH" },
  k: { name: "attn.hook_k", axes: "BMKH" },
  v: { name: "attn.hook_v", axes: "BMKH" },
  rotQ: { name: "attn.hook_rot_q", axes: "BSNH" },
  rotK: { name: "attn.hook_rot_k", axes: "BMKH" },
  scores: { name: "attn.hook_attn_scores", axes: "BNSM" },
  pattern: { name: "attn.hook_pattern", axes: "BNSM" },
  z: { name: "attn.hook_z", axes: "BSNH" },
  attnOut: { name: "hook_attn_out", axes: "BSD" },
  qInput: { name: "hook_q_input", axes: "BSND", isOptIn: true },
  kInput: { name: "hook_k_input", axes: "BMKD", isOptIn: true },
  vInput: { name: "hook_v_input", axes: "BMKD", isOptIn: true },
  result: { name: "attn.hook_result", axes: "BSND", isOptIn: true },
} as const;
const { residPre, ...afterNorm } = hooks;
const norm = "ln1";

/**
 * Self-attention with grouped queries and rotated positions, its norm before.
 *
 * Guests stand before the stream on the key axis, the past before both.
 */
export const attention: Part<AttentionWeights, KeyValue> = {
  name: "attention",
  weights: ({ headWidth: H, nHeads: N, nKvHeads: K, nLayers, width: D }) => {
    // What is added to the stream starts small, so that depth does not grow it.
    const quiet = 1 / Math.sqrt(2 * nLayers);
    return {
      attnNorm_D: filled([D], 1),
      query_DX: normal([D, N * H], D ** -0.5),
      keyValue_DX: normal([D, 2 * K * H], D ** -0.5),
      output_XD: normal([N * H, D], quiet * (N * H) ** -0.5),
    };
  },
  hooks: [residPre, ...normHooks(norm, "BMD"), ...Object.values(afterNorm)],
  keeps: {
    k_BKMH: { axes: "BKMH", grows: true },
    v_BKMH: { axes: "BKMH", grows: true },
  },
  run: (weights, x_BSD, context) => {
    const { guests_BAD, layer, nKept, past, tap } = context;
    dims("attention", x_BSD, "BSD");
    const pre_BSD = tap(hookIn(layer, hooks.residPre), x_BSD);
    const x_BMD = guests_BAD ? tf.concat([guests_BAD, pre_BSD], 1) : pre_BSD;
    const { q_BNSH, ...made } = queryKeyValue(weights, x_BMD, context);
    const attended = past ? join(past, made) : made;
    const attnOut_BSD = tap(
      hookIn(layer, hooks.attnOut),
      attend(weights, { q_BNSH, ...attended }, context),
    );
    return {
      x_BSD: pre_BSD.add<tf.Tensor3D>(attnOut_BSD),
      kept: nKept === undefined ? made : lastKeys(made, nKept),
    };
  },
  // Scores are those of every row with every key: a mask forbids a look after
  // its score was computed, and saves nothing.
  products: (
    { headWidth: H, nHeads: N, nKvHeads: K, width: D },
    { B, isNext, M, S },
  ) => {
    const linear = { kind: "attentionProjections", times: B } as const;
    const perHead = { kind: "attentionScores", times: B * N } as const;
    return [
      { ...linear, sizes: [S, D, N * H], factors: ["stream", "weights"] },
      {
        ...linear,
        sizes: [isNext ? S : M, D, 2 * K * H],
        factors: ["stream", "weights"],
      },
      { ...perHead, sizes: [S, H, M], factors: ["stream", "stream"] },
      { ...perHead, sizes: [S, M, H], factors: ["stream", "stream"] },
      { ...linear, sizes: [S, N * H, D], factors: ["stream", "weights"] },
    ];
  },
};

/**
 * Queries of the stream, keys and values of guests and stream.
 *
 * @param x_BMD - guests, then the S rows of the stream, before the norm
 */
function queryKeyValue(
  weights: AttentionWeights,
  x_BMD: tf.Tensor3D,
  context: LayerContext,
): KeyValue & { readonly q_BNSH: tf.Tensor4D } {
  const { answers, asks, config, layer, tap } = context;
  const { nHeads: N, nKvHeads: K, headWidth: H, normEpsilon } = config;
  const { S } = dims("queryKeyValue", asks.cos_B1SH, "X1SH", { H });
  const { B, M } = dims("queryKeyValue", x_BMD, "BMD");
  const { attnNorm_D, keyValue_DX, query_DX } = weights;
  const normed_BMD = tappedRmsNorm(x_BMD, attnNorm_D, {
    epsilon: normEpsilon,
    name: `blocks.${layer}.${norm}`,
    tap,
  });
  const own = { scale_D: attnNorm_D, epsilon: normEpsilon, tap };
  const apart = (
    hook: (typeof hooks)["qInput" | "kInput" | "vInput"],
    x: tf.Tensor3D,
    head: { readonly N: number; readonly weight: () => tf.Tensor2D },
  ) =>
    headsApart(x, head.weight, {
      ...own,
      hook: hookIn(layer, hook),
      N: head.N,
    });
  const half = (i: number) => () =>
    tf.split(keyValue_DX, 2, 1)[i] as tf.Tensor2D;
  const both_BMX = linear(normed_BMD, keyValue_DX);
  const both_BMXH = both_BMX.reshape<tf.Tensor4D>([B, M, 2 * K, H]);
  const [keys_BMKH, values_BMKH]: tf.Tensor4D[] = tf.split(both_BMXH, 2, 2);

  const q_BSNH =
    apart(hooks.qInput, lastRows(x_BMD, S), { N, weight: () => query_DX }) ??
    linear(lastRows(normed_BMD, S), query_DX).reshape([B, S, N, H]);
  const k_BMKH =
    apart(hooks.kInput, x_BMD, { N: K, weight: half(0) }) ?? keys_BMKH;
  const v_BMKH =
    apart(hooks.vInput, x_BMD, { N: K, weight: half(1) }) ?? values_BMKH;
  const byHead = (hook: string, x: tf.Tensor4D): tf.Tensor4D =>
    tap(hook, x).transpose(headsFirst);
  const turned = (hook: string, x: tf.Tensor4D, places: Rotation) =>
    tapTurned(tap, hook, [rotate(x, places), headsFirst]);
  const at = (hook: Hook) => hookIn(layer, hook);
  return {
    q_BNSH: turned(at(hooks.rotQ), byHead(at(hooks.q), q_BSNH), asks),
    k_BKMH: turned(at(hooks.rotK), byHead(at(hooks.k), k_BMKH), answers),
    v_BKMH: byHead(at(hooks.v), v_BMKH),
  };
}

/** From b, p, h, d_head to b, h, p, d_head, and back. */
const headsFirst = [0, 2, 1, 3];

/** What attention adds to each asking position of the stream. */
function attend(
  { output_XD }: AttentionWeights,
  { k_BKMH, q_BNSH, v_BKMH }: KeyValue & { readonly q_BNSH: tf.Tensor4D },
  { layer, mask_B1SM, tap }: LayerContext,
): tf.Tensor3D {
  const { B, N, S, H } = dims("attend", q_BNSH, "BNSH");
  const { K, M } = dims("attend", k_BKMH, "BKMH", { B, H });
  // The query heads that share a key head stack their rows: X = S * N / K.
  const X = (S * N) / K;
  const mask_B1XM =
    N === K ? mask_B1SM : mask_B1SM.tile<tf.Tensor4D>([1, 1, N / K, 1]);
  const q_BKXH = q_BNSH.mul<tf.Tensor4D>(H ** -0.5).reshape([B, K, X, H]);
  const scores_BKXM: tf.Tensor4D = tf
    .matMul(q_BKXH, k_BKMH, false, true)
    .sub(mask_B1XM);
  const shape = [B, N, S, M];
  const pattern_BKXM = tf.softmax(
    tapReshaped(tap, hookIn(layer, hooks.scores), [scores_BKXM, shape]),
  ) as tf.Tensor4D;
  const z_BKXH: tf.Tensor4D = tf.matMul(
    tapReshaped(tap, hookIn(layer, hooks.pattern), [pattern_BKXM, shape]),
    v_BKMH,
  );
  const z_BSNH = tap(
    hookIn(layer, hooks.z),
    z_BKXH
      .reshape<tf.Tensor4D>([B, N, S, H])
      .transpose<tf.Tensor4D>(headsFirst),
  );
  const result = hookIn(layer, hooks.result);
  return isAsked(tap, result)
    ? sumOfHeads(output_XD, z_BSNH, (x) => tap(result, x))
    : linear(z_BSNH.reshape([B, S, N * H]), output_XD);
}

/** Keys and values of an earlier call, then this call's. */
function join(past: KeyValue, made: KeyValue): KeyValue {
  return {
    k_BKMH: tf.concat([past.k_BKMH, made.k_BKMH], 2),
    v_BKMH: tf.concat([past.v_BKMH, made.v_BKMH], 2),
  };
}

function lastKeys({ k_BKMH, v_BKMH }: KeyValue, n: number): KeyValue {
  const { B, K, M, H } = dims("lastKeys", k_BKMH, "BKMH");
  const last = (x_BKMH: tf.Tensor4D): tf.Tensor4D =>
    x_BKMH.slice([0, 0, M - n, 0], [B, K, n, H]);
  return n === M
    ? { k_BKMH, v_BKMH }
    : { k_BKMH: last(k_BKMH), v_BKMH: last(v_BKMH) };
}
