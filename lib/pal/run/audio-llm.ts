import * as tf from "@tensorflow/tfjs";
import type { LayerKept } from "../../llm/kv-cache.ts";
import { embed, type Llama, unembed } from "../../llm/llama.ts";
import { weightsOf } from "../../llm/part.ts";
import { leaves, type Tensors } from "../../tensor/params.ts";
import { piecesNow } from "../../tensor/pieces.ts";
import type { Random } from "../../tensor/random.ts";
import { piece, recomputed } from "../../tensor/recompute.ts";
import { dims } from "../../tensor/shapes.ts";
import { noTap, type Tap } from "../../tensor/tap.ts";
import { initWeights } from "../../tensor/weights.ts";
import {
  type Connector,
  connect,
  initConnector,
} from "../connector/connector.ts";
import {
  type AudioLlmConfig,
  type DesignLayer,
  designOf,
} from "../design/design.ts";
import { fuse, type Recompute } from "./fusion.ts";
import { sequencePlaces } from "./sequence.ts";
import { nameTokens, planSequence, type SequenceTokens } from "./tokens.ts";

export type { AudioLlmConfig } from "../design/design.ts";

export type AudioLlm = {
  readonly llama: Llama;
  readonly connector: Connector;
};

/** What a design hears and reads. */
export interface AudioLlmInput {
  /** Tokens of system prompt, user prompt and response; filled on the right. */
  readonly text_BT: tf.Tensor2D;
  /** features_BPE of each encoder, in the variant's order. */
  readonly features: readonly tf.Tensor3D[];
}

/** A new connector for a language model that is there already. */
export function initAudioConnector(
  config: AudioLlmConfig,
  chance: Random,
): Connector {
  const { connector, layers } = designOf(config);
  const made = initConnector(connector, chance);
  if (layers.every(({ added }) => added.length === 0)) return made;
  const parts = layers.map(({ added }) => weightsOf(added, config.llama));
  return {
    ...made,
    parts: initWeights(parts, chance) as Required<Connector>["parts"],
  };
}

/** The language model with the weights of the parts put into its layers. */
export function withParts({ connector, llama }: AudioLlm): Llama {
  const { parts } = connector;
  if (!parts) return llama;
  const blocks = llama.blocks.map((block, i) => ({ ...block, ...parts[i] }));
  return { ...llama, blocks };
}

/** Every token of a sequence with T text tokens, named. */
export function sequenceTokens(
  config: AudioLlmConfig,
  { answerAt, T }: { readonly T: number; readonly answerAt?: number },
): SequenceTokens {
  const { A, nSummary } = designOf(config);
  const { audioAt } = config;
  const plan = planSequence(T, A, { audioAt, nSummary });
  return nameTokens(plan, { answerAt, audioAt });
}

/**
 * Scores of the next token after each text position, for any design.
 *
 * @returns logits_BTV
 */
export function runAudioLlm(
  model: AudioLlm,
  input: AudioLlmInput,
  options: { readonly config: AudioLlmConfig; readonly tap?: Tap },
): tf.Tensor3D {
  return tf.tidy(() => {
    const text_BTD = hearText(model, input, options);
    const { config, tap } = options;
    return unembed(model.llama, text_BTD, { config: config.llama, tap });
  });
}

/** How far a run of the layers goes, and what it leaves. */
export interface HearOptions {
  readonly config: AudioLlmConfig;
  readonly tap?: Tap;
  /** Takes what each layer keeps for later text. */
  readonly keep?: (kept: LayerKept, layer: DesignLayer) => void;
  /** The text's stream before the first layer with audio, if it is known. */
  readonly read_BTD?: tf.Tensor3D;
  /**
   * Has a backward pass compute the insides of layers again, which a tap then
   * sees twice. Of no use beside `keep`.
   */
  readonly recompute?: Recompute;
}

/**
 * The text's residual stream after the last layer, having heard the audio.
 *
 * Nothing is tidied but what is inside a layer: call it within `tf.tidy`.
 */
export function hearText(
  model: AudioLlm,
  { features, text_BT }: AudioLlmInput,
  { config, keep, read_BTD, recompute, tap = noTap }: HearOptions,
): tf.Tensor3D {
  const { B, T } = dims("hearText", text_BT, "BT");
  for (const x of features) dims("hearText", x, "BPE", { B });
  const { fused, layers, nSummary } = designOf(config);
  const audio = listen(model.connector, features, { config, tap });
  const tokens = sequenceTokens(config, { T });
  const frozen = recompute?.frozen ?? [];
  return fuse(
    read_BTD ?? tap("hook_embed", embedded(model.llama, text_BT, frozen)),
    {
      llama: withParts(model),
      config: config.llama,
      layers,
      places: sequencePlaces(layers, tokens, config.llama),
      audio,
      nSummary,
      audioAt: config.audioAt,
      tap,
    },
    { first: read_BTD ? fused[0] : 0, keep, recompute },
  );
}

/** Audio tokens for each projection; with pieces, from one. */
function listen(
  connector: Connector,
  features: readonly tf.Tensor3D[],
  { config, tap }: { readonly config: AudioLlmConfig; readonly tap: Tap },
): tf.Tensor3D[] {
  const design = designOf(config);
  const { encoders } = design.connector;
  const options = {
    config: design.connector.config,
    encoders,
    layers: design.fused,
    tap,
  };
  if (!piecesNow()) return connect(connector, features, options);
  const { crossAttentions, projections } = connector;
  const given = { moving: { crossAttentions, projections }, fixed: features };
  // tfjs has no gradient of a stack that is taken apart to one tensor.
  const isOne = projections.length === 1;
  const make = ({ fixed, moving }: typeof given): tf.Tensor => {
    const audio = connect(moving, fixed, options);
    return isOne ? audio[0] : tf.stack(audio);
  };
  const audio = recomputed({ kind: "connector", make }, given);
  return (isOne ? [audio] : tf.unstack(audio)) as tf.Tensor3D[];
}

/** Embedded text; with pieces, from one where the embedding trains. */
function embedded(
  { embedding_VD }: Llama,
  text_BT: tf.Tensor2D,
  frozen: Tensors,
): tf.Tensor3D {
  if (leaves(frozen).includes(embedding_VD)) {
    return embed({ embedding_VD }, text_BT);
  }
  const given = { moving: { embedding_VD }, fixed: { text_BT } };
  const make = ({ fixed, moving }: typeof given) =>
    embed(moving, fixed.text_BT);
  return piece({ kind: "embedding", make }, given);
}

/**
 * The text's stream before the first layer that takes audio: what a frozen
 * language model makes of a text whatever is heard.
 */
export function readText(
  llama: Llama,
  text_BT: tf.Tensor2D,
  config: AudioLlmConfig,
): tf.Tensor3D {
  const { T } = dims("readText", text_BT, "BT");
  return tf.tidy(() => {
    const { fused, layers } = designOf(config);
    const below = layers.slice(0, fused[0]);
    const tokens = sequenceTokens(config, { T });
    return fuse(embed(llama, text_BT), {
      llama,
      config: config.llama,
      layers: below,
      places: sequencePlaces(below, tokens, config.llama),
      audio: [],
      nSummary: 0,
      audioAt: config.audioAt,
      tap: noTap,
    });
  });
}
