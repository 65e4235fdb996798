import * as tf from "@tensorflow/tfjs";
import type { LlamaConfig } from "../llm/config.ts";
import {
  afterAttention,
  attend,
  type Block,
  causalMask,
  type LayerContext,
  type Places,
  placesOf,
  queryKeyValue,
} from "../llm/llama.ts";
import { type Rotation, rotate, rotationOf } from "../llm/rope.ts";
import { linear, rmsNorm, splitHeads } from "../tensor/layers.ts";
import { dims } from "../tensor/shapes.ts";

/** Positions of the sequence system, audio, user, response. */
export interface SequencePlan {
  /** Of each text token; they jump over the audio's place in every layer. */
  readonly text: readonly number[];
  readonly audio: readonly number[];
}

/**
 * Gives the audio its place between system prompt and user prompt.
 *
 * The place stays reserved in layers that hear no audio yet, so a text token
 * stands at the same position in every layer of every design. (The paper does
 * not say how it counts positions.)
 *
 * @param T - text tokens
 * @param A - audio tokens
 * @param audioAt - text tokens before the audio
 */
export function planSequence(
  T: number,
  A: number,
  audioAt: number,
): SequencePlan {
  if (!(audioAt >= 0 && audioAt <= T)) {
    throw new RangeError(
      `planSequence: expected audioAt in 0..${T}, got ${audioAt}`,
    );
  }
  const count = (n: number, from: number) =>
    Array.from({ length: n }, (_, i) => from + i);
  return {
    text: [...count(audioAt, 0), ...count(T - audioAt, audioAt + A)],
    audio: count(A, audioAt),
  };
}

/** Rotations and masks of the three ways in which a layer meets the audio. */
export interface SequencePlaces {
  readonly textOnly: Places;
  /** The stream of A audio tokens and then T text tokens. */
  readonly together: Places;
  readonly audioRotation: Rotation;
  /** M = A + T columns: audio first, then text. */
  readonly textToAll_TM: tf.Tensor2D;
}

/** Works the plan out for a language model; the tensors are the caller's. */
export function sequencePlaces(
  { audio, text }: SequencePlan,
  config: LlamaConfig,
): SequencePlaces {
  return {
    textOnly: placesOf(text, config),
    together: placesOf([...audio, ...text], config),
    audioRotation: rotationOf(audio, config),
    textToAll_TM: causalMask(text, [...audio, ...text]),
  };
}

/**
 * One LLM layer in which audio goes through attention and no further.
 *
 * Text asks; audio and text answer. The audio tokens are dropped before the
 * FFN (section 2.3). With zero audio tokens this is the LLM's own layer.
 *
 * @param text_BTD - residual stream
 * @param audio_BAD - this layer's own audio tokens; A may be 0
 */
export function attentionOnlyBlock(
  block: Block,
  text_BTD: tf.Tensor3D,
  audio: {
    readonly audio_BAD: tf.Tensor3D;
    readonly places: SequencePlaces;
    readonly context: LayerContext;
  },
): tf.Tensor3D {
  const { audio_BAD, places, context } = audio;
  const { config, layer, tap } = context;
  const { B, D } = dims("attentionOnlyBlock", text_BTD, "BTD");
  const { A } = dims("attentionOnlyBlock", audio_BAD, "BAD", { B, D });
  const at = (hook: string) => `blocks.${layer}.${hook}`;

  const pre_BTD = tap(at("hook_resid_pre"), text_BTD);
  const norm = (x: tf.Tensor3D) =>
    rmsNorm(x, block.attnNorm_D, config.normEpsilon);
  const { q_BNSH, k_BKSH, v_BKSH } = queryKeyValue(block, norm(pre_BTD), {
    ...context,
    ...places.textOnly,
  });
  const heard = A > 0 ? audioKeyValue(block, norm(audio_BAD), audio) : [];
  const k_BKMH = tf.concat([...heard.map(({ k }) => k), k_BKSH], 2);
  const v_BKMH = tf.concat([...heard.map(({ v }) => v), v_BKSH], 2);
  const attnOut_BTD = tap(
    at("hook_attn_out"),
    attend(
      block,
      { q_BNSH, k_BKMH, v_BKMH },
      { ...context, mask_SM: places.textToAll_TM },
    ),
  );
  const mid_BTD: tf.Tensor3D = tap(
    at("hook_resid_mid"),
    pre_BTD.add(attnOut_BTD),
  );
  return afterAttention(block, mid_BTD, context);
}

/** Keys and values of audio tokens, which ask nothing. */
function audioKeyValue(
  block: Block,
  normed_BAD: tf.Tensor3D,
  { places, context }: { places: SequencePlaces; context: LayerContext },
): { k: tf.Tensor4D; v: tf.Tensor4D }[] {
  const { headWidth: H, nHeads: N, nKvHeads: K } = context.config;
  const { D } = dims("audioKeyValue", normed_BAD, "BAD");
  const columns = (from: number) =>
    block.queryKeyValue_DX.slice([0, from * H], [D, K * H]);
  const { layer, tap } = context;
  const k_BKAH = rotate(
    splitHeads(linear(normed_BAD, columns(N)), K),
    places.audioRotation,
  );
  const v_BKAH = splitHeads(linear(normed_BAD, columns(N + K)), K);
  return [
    {
      k: tap(`blocks.${layer}.attn.hook_audio_k`, k_BKAH),
      v: tap(`blocks.${layer}.attn.hook_audio_v`, v_BKAH),
    },
  ];
}
