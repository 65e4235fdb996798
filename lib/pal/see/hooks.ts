import { largestRegion } from "../../encoder/regions.ts";
import { connectorNames } from "../connector/connector.ts";
import {
  fusedLayers,
  type LayerPlan,
  layerPlans,
} from "../design/layer-plan.ts";
import {
  type AudioLlmConfig,
  connectorSizes,
  sequenceTokens,
} from "../run/audio-llm.ts";
import {
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

/**
 * A layer's hooks and their axes: S the stream, M those that answer, R the
 * rows that the FFN reads; other letters as in the legend.
 *
 * Names and axes are TransformerLens's. Keys and values have K heads, and run
 * over M, which in a layer with guests is longer than S.
 */
const layerHooks: readonly (readonly [string, string])[] = [
  ["hook_resid_pre", "BSD"],
  ["ln1.hook_scale", "BM1"],
  ["ln1.hook_normalized", "BMD"],
  ["attn.hook_q", "BSNH"],
  ["attn.hook_k", "BMKH"],
  ["attn.hook_v", "BMKH"],
  ["attn.hook_rot_q", "BSNH"],
  ["attn.hook_rot_k", "BMKH"],
  ["attn.hook_attn_scores", "BNSM"],
  ["attn.hook_pattern", "BNSM"],
  ["attn.hook_z", "BSNH"],
  ["hook_attn_out", "BSD"],
  ["hook_resid_mid", "BSD"],
  ["hook_mlp_in", "BRD"],
  ["ln2.hook_scale", "BR1"],
  ["ln2.hook_normalized", "BRD"],
  ["mlp.hook_pre", "BRW"],
  ["mlp.hook_pre_linear", "BRW"],
  ["mlp.hook_post", "BRW"],
  ["hook_mlp_out", "BSD"],
  ["hook_resid_post", "BSD"],
];

const optInHooks: readonly (readonly [string, string])[] = [
  ["hook_q_input", "BSND"],
  ["hook_k_input", "BMKD"],
  ["hook_v_input", "BMKD"],
  ["attn.hook_result", "BSND"],
];

const lastHooks: readonly (readonly [string, string])[] = [
  ["unembed.hook_in", "BTD"],
  ["ln_final.hook_scale", "BT1"],
  ["ln_final.hook_normalized", "BTD"],
  ["unembed.hook_out", "BTV"],
];

/** Sizes by letter, and the tokens of the letters that have any. */
interface Letters {
  readonly sizes: Readonly<Record<string, number>>;
  readonly tokens: Readonly<Record<string, readonly TokenRef[]>>;
}

/** Every hook of a design's forward pass, from the encoders to the scores. */
export function hookPoints(
  config: AudioLlmConfig,
  text: TextSizes,
): HookPoint[] {
  const tokens = sequenceTokens(config, text);
  const letters = lettersOf(config, tokens, text.B);
  const at = (name: string, axes: string, isOptIn = false): HookPoint =>
    pointOf(name, axes, { letters, isOptIn });
  const plans = layerPlans(config.variant, config.llama.nLayers);
  return [
    ...connectorHooks(config, letters),
    at("hook_embed", "BTD"),
    ...plans.flatMap((plan) => hooksOfLayer(plan, tokens, letters)),
    ...lastHooks.map(([name, axes]) => at(name, axes)),
  ];
}

function hooksOfLayer(
  plan: LayerPlan,
  tokens: SequenceTokens,
  common: Letters,
): HookPoint[] {
  const { ffn: R, k: M, q: S } = tokensOfLayer(plan, tokens);
  const letters = {
    sizes: { ...common.sizes, S: S.length, M: M.length, R: R.length },
    tokens: { ...common.tokens, S, M, R },
  };
  const points = (hooks: typeof layerHooks, isOptIn: boolean) =>
    hooks.map(([hook, axes]) =>
      pointOf(`blocks.${plan.layer}.${hook}`, axes, { letters, isOptIn }),
    );
  const hears = plan.fresh !== undefined || plan.joins !== undefined;
  return [
    ...points(hears ? [["hook_audio_in", "BAD"]] : [], false),
    ...points(layerHooks, false),
    ...points(optInHooks, true),
  ];
}

/** What encoders and connector show, by the names that `connect` gives. */
function connectorHooks(config: AudioLlmConfig, common: Letters): HookPoint[] {
  const { encoders, variant } = config;
  const { config: connector, ...counts } = connectorSizes(config);
  const layers = fusedLayers(variant, config.llama.nLayers);
  const { depth, nHeads, query, width } = connector;
  const cells = encoders.map(({ grid }) => {
    const { bands, steps } = largestRegion(grid, query);
    return bands * steps;
  });
  const X = cells.reduce((sum, R) => sum + R, 0);
  const point = (name: string, axes: string, sizes: Letters["sizes"] = {}) => {
    const all = { ...common.sizes, X, C: width, N: nHeads, ...sizes };
    const letters = { ...common, sizes: all };
    return pointOf(name, axes, { letters, isOptIn: false });
  };
  const rounds = Array.from({ length: depth }, (_, i) =>
    depth === 1 ? "hook_pattern" : `rounds.${i}.hook_pattern`,
  );
  return [
    ...encoders.map(({ grid, name, width: E }) =>
      point(`encoders.${name}.hook_out`, "BPE", {
        ...{ P: grid.steps * grid.bands, E },
      }),
    ),
    ...connectorNames(counts.nCrossAttentions, layers).flatMap((name) => [
      ...rounds.map((hook) => point(`${name}.${hook}`, "BANX")),
      point(`${name}.hook_latents`, "BAC"),
    ]),
    ...connectorNames(counts.nProjections, layers).map((name) =>
      point(`${name}.hook_out`, "BAD"),
    ),
  ];
}

function lettersOf(
  { llama }: AudioLlmConfig,
  { audio, text }: SequenceTokens,
  B: number,
): Letters {
  return {
    sizes: {
      ...{ B, "1": 1, D: llama.width, H: llama.headWidth, K: llama.nKvHeads },
      ...{ N: llama.nHeads, V: llama.vocabularySize, W: llama.ffnWidth },
      ...{ A: audio.length, T: text.length },
    },
    tokens: { A: audio, T: text },
  };
}

/** The axis of the tokens that answer is the one called M. */
function pointOf(
  name: string,
  axes: string,
  { isOptIn, letters }: { isOptIn: boolean; letters: Letters },
): HookPoint {
  const all = [...axes];
  return {
    name,
    isOptIn,
    shape: all.map((letter) => letters.sizes[letter]),
    axes: all.flatMap((letter, axis) => {
      const tokens = letters.tokens[letter];
      return tokens
        ? [{ axis, role: letter === "M" ? "k" : "q", tokens } as const]
        : [];
    }),
  };
}
