import * as tf from "@tensorflow/tfjs";
import type { LlamaConfig } from "../../llm/config.ts";
import { type KeyValue, type Llama, runBlock } from "../../llm/llama.ts";
import type { Places } from "../../llm/places.ts";
import { lastRows } from "../../tensor/layers.ts";
import { dims } from "../../tensor/shapes.ts";
import type { Tap } from "../../tensor/tap.ts";
import type { LayerPlan } from "../design/layer-plan.ts";
import { summarize } from "./sequence.ts";

/** What the layers of a run have in common. */
export interface Fusion {
  readonly llama: Llama;
  readonly config: LlamaConfig;
  /** One for each layer. */
  readonly plans: readonly LayerPlan[];
  /** One for each layer. */
  readonly places: readonly Places[];
  /** Audio tokens audio_BAD, one set for each output of the connector. */
  readonly audio: readonly tf.Tensor3D[];
  /** Tokens that stand for all of them where a plan says "summary". */
  readonly nSummary: number;
  readonly tap: Tap;
}

/**
 * One LLM layer with its audio, as its plan says.
 *
 * Audio in the stream stands before the text, whatever its positions; guests
 * give keys and values and are dropped (section 2.3).
 *
 * @param x_BSD - the residual stream: audio rows, if any, then T text rows
 * @returns the stream, and the keys and values that later text may hear
 */
export function fuseLayer(
  x_BSD: tf.Tensor3D,
  { inStream, layer, textHears, ...plan }: LayerPlan,
  fusion: Fusion & { readonly T: number },
): KeyValue & { readonly x_BSD: tf.Tensor3D } {
  const { audio, config, llama, places, T, tap } = fusion;
  const given = plan.fresh ?? plan.joins;
  const audio_BAD =
    given === undefined
      ? undefined
      : tap(`blocks.${layer}.hook_audio_in`, audio[given]);
  const stream_BSD =
    plan.joins !== undefined && audio_BAD
      ? tf.concat([entering(audio_BAD, inStream, fusion), x_BSD], 1)
      : inStream === "none"
        ? lastRows(x_BSD, T)
        : x_BSD;
  const after = runBlock(llama.blocks[layer], stream_BSD, {
    ...places[layer],
    ...{ config, layer, tap },
    guests_BAD: plan.fresh === undefined ? undefined : audio_BAD,
    nSkipFfn: plan.audioFfn ? 0 : stream_BSD.shape[1] - T,
  });
  if (textHears) return after;
  const { B, K, M, H } = dims("fuseLayer", after.k_BKMH, "BKMH");
  const text = (x_BKMH: tf.Tensor4D): tf.Tensor4D =>
    x_BKMH.slice([0, 0, M - T, 0], [B, K, T, H]);
  return {
    x_BSD: after.x_BSD,
    k_BKMH: text(after.k_BKMH),
    v_BKMH: text(after.v_BKMH),
  };
}

function entering(
  audio_BAD: tf.Tensor3D,
  inStream: LayerPlan["inStream"],
  { nSummary }: Fusion,
): tf.Tensor3D {
  return inStream === "summary" ? summarize(audio_BAD, nSummary) : audio_BAD;
}

/**
 * The text's residual stream after the layers from `first` on.
 *
 * @param text_BTD - the stream before that layer: embeddings, or, where no
 * audio has been met yet, what an earlier run has kept
 * @param keep - takes each layer's keys and values, for a cache
 */
export function fuse(
  text_BTD: tf.Tensor3D,
  fusion: Fusion,
  {
    first = 0,
    keep,
  }: { readonly first?: number; readonly keep?: (made: KeyValue) => void } = {},
): tf.Tensor3D {
  const { T } = dims("fuse", text_BTD, "BTD");
  const x_BSD = fusion.plans.slice(first).reduce((x, plan) => {
    const run = () => fuseLayer(x, plan, { ...fusion, T });
    if (!keep) return tf.tidy(() => run().x_BSD);
    const after = run();
    keep(after);
    return after.x_BSD;
  }, text_BTD);
  return lastRows(x_BSD, T);
}
