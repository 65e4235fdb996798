import { type LlamaConfig, lettersOf } from "../../llm/config.ts";
import { llamaParts, unembedding } from "../../llm/llama.ts";
import { hookIn } from "../../llm/part.ts";
import type { Hook } from "../../tensor/tap.ts";
import {
  connectorNames,
  encoderHook,
  projection,
} from "../connector/connector.ts";
import { crossAttention, regionOf } from "../connector/cross-attention.ts";
import {
  type AudioLlmConfig,
  type DesignLayer,
  designOf,
} from "../design/design.ts";
import { outputsOf } from "../design/layer-plan.ts";
import { sequenceTokens } from "../run/audio-llm.ts";
import { audioIn } from "../run/fusion.ts";
import {
  type LayerTokens,
  nameTokens,
  planSequence,
  type SequenceTokens,
  type TokenRef,
  tokensOfLayer,
} from "../run/tokens.ts";

/** A place in a forward pass where a tap can see and replace. */
export interface HookPoint {
  readonly name: string;
  readonly shape: readonly number[];
  /** The axes that run over tokens. */
  readonly axes: readonly TokenAxis[];
  /** Large: made only for a tap that asks for it by name. */
  readonly isOptIn: boolean;
}

export interface TokenAxis {
  readonly axis: number;
  /** Tokens that ask, or that simply stand there; or those that answer. */
  readonly role: "q" | "k";
  readonly tokens: readonly TokenRef[];
}

/** Sizes of the text in a run. */
export interface TextSizes {
  /** Rows of the batch. */
  readonly B: number;
  readonly T: number;
  /** Text tokens before the answer; left out, there is none. */
  readonly answerAt?: number;
}

/** Sizes by letter, and the tokens of the letters that have any. */
interface Letters {
  readonly sizes: Readonly<Record<string, number>>;
  readonly tokens: Readonly<Record<string, readonly TokenRef[]>>;
}

/**
 * Every hook of a design's forward pass, from the encoders to the scores; or of
 * a language model's alone, where all text before the answer is the question.
 */
export function hookPoints(
  config: AudioLlmConfig | LlamaConfig,
  text: TextSizes,
): HookPoint[] {
  if (!("variant" in config)) return textHooks(config, text);
  const tokens = sequenceTokens(config, text);
  const letters = lettersIn(config.llama, tokens, text.B);
  return [
    ...connectorHooks(config, letters),
    pointOf({ name: "hook_embed", axes: "BTD" }, letters),
    ...designOf(config).layers.flatMap((layer) =>
      hooksOfLayer(layer, tokens, letters),
    ),
    ...unembedding.hooks.map((hook) => pointOf(hook, letters)),
  ];
}

/** What a language model shows that hears nothing. */
function textHooks(
  config: LlamaConfig,
  { answerAt, B, T }: TextSizes,
): HookPoint[] {
  const plan = planSequence(T, 0, { audioAt: 0 });
  const tokens = nameTokens(plan, { answerAt, audioAt: 0 });
  const { text } = tokens;
  const letters = lettersIn(config, tokens, B);
  const stands = { ffn: text, k: text, kept: text, q: text };
  return [
    pointOf({ name: "hook_embed", axes: "BTD" }, letters),
    ...Array.from({ length: config.nLayers }, (_, layer) =>
      pointsOfParts(
        llamaParts.flatMap((part) => part.hooks),
        {
          layer,
          letters: lettersOfLayer(stands, letters),
        },
      ),
    ).flat(),
    ...unembedding.hooks.map((hook) => pointOf(hook, letters)),
  ];
}

function hooksOfLayer(
  layer: DesignLayer,
  tokens: SequenceTokens,
  common: Letters,
): HookPoint[] {
  const { parts, plan } = layer;
  const hooks = [
    ...(outputsOf(plan).length > 0 ? [audioIn] : []),
    ...parts.flatMap((part) => part.hooks),
  ];
  const letters = lettersOfLayer(tokensOfLayer(layer, tokens), common);
  return pointsOfParts(hooks, { layer: plan.layer, letters });
}

function lettersOfLayer(
  { ffn: R, k: M, q: S }: LayerTokens,
  { sizes, tokens }: Letters,
): Letters {
  return {
    sizes: { ...sizes, S: S.length, M: M.length, R: R.length },
    tokens: { ...tokens, S, M, R },
  };
}

/** What a layer's parts show, the opt-in hooks of all of them last. */
function pointsOfParts(
  hooks: readonly Hook[],
  { layer, letters }: { readonly layer: number; readonly letters: Letters },
): HookPoint[] {
  const points = hooks.map((hook) =>
    pointOf({ ...hook, name: hookIn(layer, hook) }, letters),
  );
  return [
    ...points.filter(({ isOptIn }) => !isOptIn),
    ...points.filter(({ isOptIn }) => isOptIn),
  ];
}

/** What encoders and connector show, by the names that `connect` gives. */
function connectorHooks(config: AudioLlmConfig, common: Letters): HookPoint[] {
  const { connector: sizes, fused } = designOf(config);
  const { config: connector, encoders } = sizes;
  const regions = encoders.map((encoder) => regionOf(encoder, connector).R);
  const letters = {
    ...common,
    sizes: {
      ...common.sizes,
      C: connector.width,
      N: connector.nHeads,
      X: regions.reduce((sum, R) => sum + R, 0),
    },
  };
  const within = (count: number, hooks: readonly Hook[]) =>
    connectorNames(count, fused).flatMap((part) =>
      hooks.map(({ axes, name }) =>
        pointOf({ axes, name: `${part}.${name}` }, letters),
      ),
    );
  return [
    ...encoders.map((encoder) => {
      const { grid, width: E } = encoder;
      const own = { ...letters.sizes, P: grid.steps * grid.bands, E };
      return pointOf(encoderHook(encoder), { ...letters, sizes: own });
    }),
    ...within(sizes.nCrossAttentions, crossAttention.hooks(connector)),
    ...within(sizes.nProjections, projection.hooks),
  ];
}

function lettersIn(
  llama: LlamaConfig,
  { audio: A, text: T }: SequenceTokens,
  B: number,
): Letters {
  return {
    sizes: { ...lettersOf(llama), B, "1": 1, A: A.length, T: T.length },
    tokens: { A, T },
  };
}

/**
 * The axis of the tokens that answer is the one called M, or the second one of
 * tokens.
 */
function pointOf(
  { axes, isOptIn = false, name }: Hook,
  { sizes, tokens }: Letters,
): HookPoint {
  const letters = [...axes];
  const ofTokens = letters.flatMap((letter, axis) =>
    tokens[letter] ? [{ axis, letter }] : [],
  );
  return {
    name,
    isOptIn,
    shape: letters.map((letter) => sizes[letter]),
    axes: ofTokens.map(({ axis, letter }, i) => ({
      axis,
      role: letter === "M" || i > 0 ? "k" : "q",
      tokens: tokens[letter],
    })),
  };
}
