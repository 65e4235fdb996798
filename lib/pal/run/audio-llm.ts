import * as tf from "@tensorflow/tfjs";
import type { EncoderSizes } from "../../encoder/encoder.ts";
import type { LlamaConfig } from "../../llm/config.ts";
import { embed, type KeyValue, type Llama, unembed } from "../../llm/llama.ts";
import type { Random } from "../../tensor/random.ts";
import { dims } from "../../tensor/shapes.ts";
import { noTap, type Tap } from "../../tensor/tap.ts";
import type { ConnectorConfig } from "../connector/config.ts";
import {
  type Connector,
  connect,
  initConnector,
} from "../connector/connector.ts";
import { matchedWidth } from "../connector/size.ts";
import { countOutputs, fusedLayers, layerPlans } from "../design/layer-plan.ts";
import type { Variant } from "../design/variant.ts";
import { fuse } from "./fusion.ts";
import { sequencePlaces } from "./sequence.ts";
import { nameTokens, planSequence, type SequenceTokens } from "./tokens.ts";

/** A design with all its sizes. */
export interface AudioLlmConfig {
  readonly variant: Variant;
  readonly llama: LlamaConfig;
  readonly connector: ConnectorConfig;
  /** In the variant's order. */
  readonly encoders: readonly EncoderSizes[];
  /** Text tokens before the audio: the system prompt's. */
  readonly audioAt: number;
}

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

/** Sizes of a design's connector, its width settled. */
export function connectorSizes(config: AudioLlmConfig) {
  const { connector, encoders, llama, variant } = config;
  if (encoders.length !== variant.encoders.length) {
    throw new RangeError(
      `connectorSizes: expected sizes of ${variant.encoders.length} ` +
        `encoders, got ${encoders.length} (variant "${variant.name}")`,
    );
  }
  const { nLayers, width } = llama;
  const nProjections = countOutputs(layerPlans(variant, nLayers));
  const isOne = variant.connector.startsWith("shared");
  const sizes = { encoders, width, nProjections };
  return {
    ...sizes,
    nCrossAttentions: isOne ? 1 : nProjections,
    config:
      variant.connector === "wide"
        ? { ...connector, width: wideWidth(config) }
        : connector,
  };
}

/** Width of one connector as large as attention-only's separate ones. */
function wideWidth({ connector, encoders, llama, variant }: AudioLlmConfig) {
  const separate = { ...variant, audioPath: "attention-only" } as const;
  const plans = layerPlans(
    { ...separate, connector: "separate" },
    llama.nLayers,
  );
  return matchedWidth(connector, {
    encoders,
    width: llama.width,
    nOutputs: countOutputs(plans),
  });
}

/** A new connector for a language model that is there already. */
export function initAudioConnector(
  config: AudioLlmConfig,
  chance: Random,
): Connector {
  return initConnector(connectorSizes(config), chance);
}

/** Every token of a sequence with T text tokens, named. */
export function sequenceTokens(
  { audioAt, connector, variant }: AudioLlmConfig,
  { answerAt, T }: { readonly T: number; readonly answerAt?: number },
): SequenceTokens {
  const A = connector.query.steps * connector.query.bands;
  const { audioPath } = variant;
  const nSummary = typeof audioPath === "object" ? audioPath.summaryTokens : 0;
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
  /** Takes each layer's keys and values that later text may hear. */
  readonly keep?: (made: KeyValue) => void;
  /** The text's stream before the first layer with audio, if it is known. */
  readonly read_BTD?: tf.Tensor3D;
}

/**
 * The text's residual stream after the last layer, having heard the audio.
 *
 * Nothing is tidied but what is inside a layer: call it within `tf.tidy`.
 */
export function hearText(
  { connector, llama }: AudioLlm,
  { features, text_BT }: AudioLlmInput,
  { config, keep, read_BTD, tap = noTap }: HearOptions,
): tf.Tensor3D {
  const { B, T } = dims("hearText", text_BT, "BT");
  for (const x of features) dims("hearText", x, "BPE", { B });
  const { variant } = config;
  const plans = layerPlans(variant, config.llama.nLayers);
  const layers = fusedLayers(variant, config.llama.nLayers);
  const sizes = connectorSizes(config);
  const audio = connect(connector, features, {
    ...{ config: sizes.config, encoders: sizes.encoders, layers, tap },
  });
  const tokens = sequenceTokens(config, { T });
  const nSummary = tokens.summary.length;
  const places = sequencePlaces(plans, tokens, config.llama);
  const fusion = { llama, config: config.llama, plans, places, audio };
  return fuse(
    read_BTD ?? tap("hook_embed", embed(llama, text_BT)),
    { ...fusion, nSummary, tap },
    { first: read_BTD ? layers[0] : 0, keep },
  );
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
    const { nLayers } = config.llama;
    const [first] = fusedLayers(config.variant, nLayers);
    const plans = layerPlans(config.variant, nLayers).slice(0, first);
    const tokens = sequenceTokens(config, { T });
    const places = sequencePlaces(plans, tokens, config.llama);
    const fusion = { llama, config: config.llama, plans, places, audio: [] };
    return fuse(embed(llama, text_BT), { ...fusion, nSummary: 0, tap: noTap });
  });
}
