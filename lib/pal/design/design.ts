import type { EncoderSizes } from "../../encoder/encoder.ts";
import { encoderNamed } from "../../encoder/list.ts";
import { type LlamaConfig, llama32_1b } from "../../llm/config.ts";
import type { DecodedLayer } from "../../llm/kv-cache.ts";
import { llamaParts } from "../../llm/llama.ts";
import {
  type ConnectorConfig,
  type ConnectorSizes,
  paperConnector,
} from "../connector/config.ts";
import { matchedWidth } from "../connector/size.ts";
import {
  countOutputs,
  fusedOf,
  groupsOf,
  type LayerGroups,
  type LayerPlan,
  layerPlans,
  sharing,
  summaryTokensOf,
} from "./layer-plan.ts";
import type { FusionPart } from "./part.ts";
import type { Variant } from "./variant.ts";

/** A design with all its sizes. */
export interface AudioLlmConfig {
  readonly variant: Variant;
  readonly llama: LlamaConfig;
  readonly connector: ConnectorConfig;
  /** In the variant's order. */
  readonly encoders: readonly EncoderSizes[];
  /** Text tokens before the audio: the system prompt's. */
  readonly audioAt: number;
  /**
   * How text counts its positions. Not in the paper; "gap" unless given.
   *
   * - `gap`: the same in every layer; the audio's place stays reserved.
   * - `shift`: without a gap where a layer's text attends to no audio; where
   *   it does, text after the audio moves up by the number of audio tokens.
   */
  readonly positions?: "gap" | "shift";
}

/**
 * A design at the paper's sizes: Llama 3.2 1B, the paper's connector, published
 * encoders.
 *
 * @param audioAt - text tokens before the audio; it changes no cost
 */
export function paperConfig(variant: Variant, audioAt = 20): AudioLlmConfig {
  return {
    variant,
    llama: llama32_1b,
    connector: paperConnector,
    encoders: variant.encoders.map((name) => encoderNamed(name)),
    audioAt,
  };
}

/** One layer of a design, resolved. */
export interface DesignLayer extends DecodedLayer {
  readonly plan: LayerPlan;
  readonly groups: LayerGroups;
  /** Whether text's positions jump over the audio's place. */
  readonly hasGap: boolean;
  /** The parts put before the language model's own. */
  readonly added: readonly FusionPart[];
  /** All of them, in order. */
  readonly parts: readonly FusionPart[];
}

/** All that follows from a design's config. */
export interface Design {
  readonly layers: readonly DesignLayer[];
  /** Layers that take audio tokens from the connector. */
  readonly fused: readonly number[];
  /** The connector's, its width settled. */
  readonly connector: ConnectorSizes;
  /** Audio tokens of a clip. */
  readonly A: number;
  /** Summaries of them that live in the stream. */
  readonly nSummary: number;
  /** The ways in which layers count positions: with a gap or without. */
  readonly countings: readonly boolean[];
}

const known = new WeakMap<AudioLlmConfig, Design>();

/**
 * What follows from a config, resolved once for each config object.
 *
 * @throws RangeError where fields contradict each other
 */
export function designOf(config: AudioLlmConfig): Design {
  const design = known.get(config) ?? resolve(config);
  known.set(config, design);
  return design;
}

function resolve(config: AudioLlmConfig): Design {
  const { connector, llama, positions = "gap", variant } = config;
  if (positions !== "gap" && positions !== "shift") {
    throw new RangeError(
      `designOf: expected positions "gap" or "shift", got "${positions}" ` +
        `(variant "${variant.name}")`,
    );
  }
  const { audioPath } = variant;
  const added = typeof audioPath === "object" && "part" in audioPath;
  const plans = layerPlans(variant, llama.nLayers);
  const planned = plans.map((plan) => {
    const groups = groupsOf(plan);
    return {
      plan,
      groups,
      added: added && plan.crosses !== undefined ? [audioPath.part] : [],
      hasGap: positions === "gap" || groups.kept.includes("audio"),
    };
  });
  for (const { added } of planned) checkNames(variant.name, added, llama);
  const countings = [...new Set(planned.map(({ hasGap }) => hasGap))];
  return {
    layers: planned.map((layer) => ({
      ...layer,
      parts: [...layer.added, ...llamaParts],
      counting: countings.indexOf(layer.hasGap),
    })),
    fused: fusedOf(plans),
    connector: connectorSizes(config, plans),
    A: connector.query.steps * connector.query.bands,
    nSummary: summaryTokensOf(variant),
    countings,
  };
}

/** A layer's parts share a record of weights, one of what is kept, and a tap. */
function checkNames(
  variant: string,
  added: readonly FusionPart[],
  llama: LlamaConfig,
): void {
  const names = [...added, ...llamaParts].flatMap((part) => [
    ...Object.keys({ ...part.weights(llama), ...part.keeps }),
    ...part.hooks.map(({ name }) => name),
  ]);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new RangeError(
    `designOf: expected parts with names of their own, got ${twice} twice ` +
      `(variant "${variant}")`,
  );
}

function connectorSizes(
  config: AudioLlmConfig,
  plans: readonly LayerPlan[],
): ConnectorSizes {
  const { connector, encoders, llama, variant } = config;
  if (encoders.length !== variant.encoders.length) {
    throw new RangeError(
      `connectorSizes: expected sizes of ${variant.encoders.length} ` +
        `encoders, got ${encoders.length} (variant "${variant.name}")`,
    );
  }
  const { hasOneReader, isWide } = sharing[variant.connector];
  const nProjections = countOutputs(plans);
  return {
    config: isWide ? { ...connector, width: wideWidth(config) } : connector,
    encoders,
    width: llama.width,
    nCrossAttentions: hasOneReader ? 1 : nProjections,
    nProjections,
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
