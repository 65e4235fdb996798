import * as tf from "@tensorflow/tfjs";
import { lastRows, linear, silu } from "../tensor/layers.ts";
import { normHooks, tappedRmsNorm } from "../tensor/norm.ts";
import { dims } from "../tensor/shapes.ts";
import { filled, normal } from "../tensor/weights.ts";
import { hookIn, type LayerContext, type Part } from "./part.ts";

/** X packs what is computed together. */
export type FfnWeights = {
  readonly ffnNorm_D: tf.Tensor1D;
  /** Columns: the gate's W, then the W it multiplies. */
  readonly gateUp_DX: tf.Tensor2D;
  readonly down_WD: tf.Tensor2D;
};

/** R are the rows that the FFN reads. */
const hooks = {
  residMid: { name: "hook_resid_mid", axes: "BSD" },
  mlpIn: { name: "hook_mlp_in", axes: "BRD" },
  pre: { name: "mlp.hook_pre", axes: "BRW" },
  preLinear: { name: "mlp.hook_pre_linear", axes: "BRW" },
  post: { name: "mlp.hook_post", axes: "BRW" },
  mlpOut: { name: "hook_mlp_out", axes: "BSD" },
  residPost: { name: "hook_resid_post", axes: "BSD" },
} as const;
const { mlpIn, residMid, ...afterNorm } = hooks;
const norm = "ln2";

/** The second half of a layer, its norm before: SwiGLU adds to each position. */
export const ffn: Part<FfnWeights, Record<never, never>> = {
  name: "ffn",
  weights: ({ ffnWidth: W, nLayers, width: D }) => {
    const quiet = 1 / Math.sqrt(2 * nLayers);
    return {
      ffnNorm_D: filled([D], 1),
      gateUp_DX: normal([D, 2 * W], D ** -0.5),
      down_WD: normal([W, D], quiet * W ** -0.5),
    };
  },
  hooks: [
    residMid,
    mlpIn,
    ...normHooks(norm, "BRD"),
    ...Object.values(afterNorm),
  ],
  keeps: {},
  run: (weights, x_BSD, { config, layer, nSkipFfn = 0, tap }) => {
    const { B, S, D } = dims("ffn", x_BSD, "BSD");
    const mid_BSD = tap(hookIn(layer, hooks.residMid), x_BSD);
    const reads_BSD = lastRows(mid_BSD, S - nSkipFfn);
    const normed_BSD = tappedRmsNorm(
      tap(hookIn(layer, hooks.mlpIn), reads_BSD),
      weights.ffnNorm_D,
      {
        epsilon: config.normEpsilon,
        name: `blocks.${layer}.${norm}`,
        tap,
      },
    );
    const out_BSD = swiGlu(weights, normed_BSD, { layer, tap });
    const added_BSD: tf.Tensor3D =
      nSkipFfn > 0
        ? tf.concat([tf.zeros<tf.Rank.R3>([B, nSkipFfn, D]), out_BSD], 1)
        : out_BSD;
    const tapped_BSD = tap(hookIn(layer, hooks.mlpOut), added_BSD);
    const post_BSD: tf.Tensor3D = mid_BSD.add(tapped_BSD);
    return { x_BSD: tap(hookIn(layer, hooks.residPost), post_BSD), kept: {} };
  },
  products: ({ ffnWidth: W, width: D }, { B, R }) => {
    const each = { kind: "ffn", times: B } as const;
    return [
      { ...each, sizes: [R, D, 2 * W], factors: ["stream", "weights"] },
      { ...each, sizes: [R, W, D], factors: ["stream", "weights"] },
    ];
  },
};

function swiGlu(
  { down_WD, gateUp_DX }: FfnWeights,
  normed_BSD: tf.Tensor3D,
  { layer, tap }: Pick<LayerContext, "layer" | "tap">,
): tf.Tensor3D {
  // Split and not sliced: the gradient of a slice is filled up with zeros.
  const halves = tf.split(linear(normed_BSD, gateUp_DX), 2, 2);
  const gate_BSW = tap(hookIn(layer, hooks.pre), halves[0]);
  const up_BSW = tap(hookIn(layer, hooks.preLinear), halves[1]);
  const hidden_BSW: tf.Tensor3D = silu(gate_BSW).mul(up_BSW);
  return linear(tap(hookIn(layer, hooks.post), hidden_BSW), down_WD);
}
