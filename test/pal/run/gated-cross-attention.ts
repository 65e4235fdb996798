import * as tf from "@tensorflow/tfjs";
import { hookIn, type Part } from "../../../lib/llm/part.ts";
import type { FusionContext } from "../../../lib/pal/design/part.ts";
import {
  linear,
  mergeHeads,
  rmsNorm,
  splitHeads,
} from "../../../lib/tensor/layers.ts";
import { dims } from "../../../lib/tensor/shapes.ts";
import { gelu } from "../../../lib/tensor/transformer.ts";
import { filled, normal } from "../../../lib/tensor/weights.ts";

type GatedWeights = {
  readonly crossNorm_D: tf.Tensor1D;
  readonly crossQuery_DX: tf.Tensor2D;
  readonly crossKey_DX: tf.Tensor2D;
  readonly crossValue_DX: tf.Tensor2D;
  readonly crossOutput_XD: tf.Tensor2D;
  readonly crossGate_1: tf.Tensor1D;
  readonly denseNorm_D: tf.Tensor1D;
  readonly denseUp_DW: tf.Tensor2D;
  readonly denseDown_WD: tf.Tensor2D;
  readonly denseGate_1: tf.Tensor1D;
};

type HeardKeys = {
  readonly heardK_BNAH: tf.Tensor4D;
  readonly heardV_BNAH: tf.Tensor4D;
};

const hooks = {
  pattern: { name: "cross.hook_pattern", axes: "BNSA" },
  heard: { name: "cross.hook_out", axes: "BSD" },
  dense: { name: "cross.hook_dense", axes: "BSD" },
} as const;

/**
 * The block that Flamingo and Audio Flamingo put between frozen layers: text
 * asks, audio answers, and what comes back passes a gate that starts at 0; a
 * gated FFN follows. Text before the audio hears nothing.
 */
export const gatedCrossAttention: Part<GatedWeights, HeardKeys, FusionContext> =
  {
    name: "gated cross-attention",
    weights: ({ ffnWidth: W, headWidth: H, nHeads: N, width: D }) => ({
      crossNorm_D: filled([D], 1),
      crossQuery_DX: normal([D, N * H], D ** -0.5),
      crossKey_DX: normal([D, N * H], D ** -0.5),
      crossValue_DX: normal([D, N * H], D ** -0.5),
      crossOutput_XD: normal([N * H, D], (N * H) ** -0.5),
      crossGate_1: filled([1], 0),
      denseNorm_D: filled([D], 1),
      denseUp_DW: normal([D, W], D ** -0.5),
      denseDown_WD: normal([W, D], W ** -0.5),
      denseGate_1: filled([1], 0),
    }),
    hooks: Object.values(hooks),
    keeps: {
      heardK_BNAH: { axes: "BNAH", grows: false },
      heardV_BNAH: { axes: "BNAH", grows: false },
    },
    run: (weights, x_BSD, context) => {
      const { config, heard_BAD, layer, past, tap } = context;
      const { nHeads: N, normEpsilon } = config;
      const heads = (x_BXD: tf.Tensor3D, weight_DX: tf.Tensor2D) =>
        splitHeads(linear(x_BXD, weight_DX), N);
      const kept = past ?? {
        heardK_BNAH: heads(heard_BAD!, weights.crossKey_DX),
        heardV_BNAH: heads(heard_BAD!, weights.crossValue_DX),
      };
      const normed_BSD = rmsNorm(x_BSD, weights.crossNorm_D, normEpsilon);
      const q_BNSH = heads(normed_BSD, weights.crossQuery_DX);
      const scores_BNSA = tf.matMul(q_BNSH, kept.heardK_BNAH, false, true);
      const pattern_BNSA = tap(
        hookIn(layer, hooks.pattern),
        tf.softmax(scores_BNSA.div(Math.sqrt(config.headWidth))) as tf.Tensor4D,
      );
      const z_BNSH: tf.Tensor4D = tf.matMul(pattern_BNSA, kept.heardV_BNAH);
      const read_BSD = linear(mergeHeads(z_BNSH), weights.crossOutput_XD);
      const heard_BSD: tf.Tensor3D = tap(
        hookIn(layer, hooks.heard),
        read_BSD
          .mul(hearing(x_BSD, context))
          .mul<tf.Tensor3D>(weights.crossGate_1.tanh()),
      );
      const mid_BSD: tf.Tensor3D = x_BSD.add(heard_BSD);
      const hidden_BSW = gelu(
        linear(
          rmsNorm(mid_BSD, weights.denseNorm_D, normEpsilon),
          weights.denseUp_DW,
        ),
      );
      const dense_BSD: tf.Tensor3D = tap(
        hookIn(layer, hooks.dense),
        linear(hidden_BSW, weights.denseDown_WD).mul<tf.Tensor3D>(
          weights.denseGate_1.tanh(),
        ),
      );
      return {
        x_BSD: mid_BSD.add<tf.Tensor3D>(dense_BSD),
        kept: { heardK_BNAH: kept.heardK_BNAH, heardV_BNAH: kept.heardV_BNAH },
      };
    },
    products: (
      { ffnWidth: W, headWidth: H, nHeads: N, width: D },
      { A, B, isNext, S },
    ) => {
      const linear = { kind: "attentionProjections", times: B } as const;
      const perHead = { kind: "attentionScores", times: B * N } as const;
      const dense = { kind: "ffn", times: B } as const;
      const audio = ["audio", "weights"] as const;
      const heard = {
        ...linear,
        sizes: [A, D, 2 * N * H],
        factors: audio,
      } as const;
      return [
        ...(isNext ? [] : [heard]),
        { ...linear, sizes: [S, D, N * H], factors: ["stream", "weights"] },
        { ...perHead, sizes: [S, H, A], factors: ["stream", "stream"] },
        { ...perHead, sizes: [S, A, H], factors: ["stream", "stream"] },
        { ...linear, sizes: [S, N * H, D], factors: ["stream", "weights"] },
        { ...dense, sizes: [S, D, W], factors: ["stream", "weights"] },
        { ...dense, sizes: [S, W, D], factors: ["stream", "weights"] },
      ];
    },
  };

/** 1 for each row that stands behind the audio's place, 0 for the others. */
function hearing(
  x_BSD: tf.Tensor3D,
  { nDeaf = 0 }: FusionContext,
): tf.Tensor3D {
  const { S } = dims("hearing", x_BSD, "BSD");
  const rows = Array.from({ length: S }, (_, row) => (row < nDeaf ? 0 : 1));
  return tf.tensor3d(rows, [1, S, 1]);
}
