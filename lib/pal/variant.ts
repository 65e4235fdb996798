/**
 * The paper's designs, as data. Each changes one field of the design it starts
 * from, so a hypothesis reads as a one-line diff and as a row of Table 1.
 *
 * Later versions of the paper call the baseline PLITS and attention-only LAL.
 */
export type EncoderName = "sslam" | "clap-general" | "clap-music-speech";

export interface Variant {
  readonly name: string;
  /** First LLM layer that hears audio, from 0: the paper's layer 5 is 4. */
  readonly fusionLayer: number;
  /** Submodules that audio tokens pass through in an LLM layer. */
  readonly audioPath: "attention+ffn" | "attention-only";
  /** Encoders whose features the latent tokens read. */
  readonly encoders: readonly EncoderName[];
  /** Cross-attention: one for each fused layer, or one for all of them. */
  readonly connector: "separate" | "shared";
}

export const baseline: Variant = {
  name: "baseline",
  fusionLayer: 0,
  audioPath: "attention+ffn",
  encoders: ["sslam"],
  connector: "separate",
};

/** Hypothesis 1: text finds its meaning before audio arrives. */
export const delayedFusion: Variant = {
  ...baseline,
  name: "delayed-fusion",
  fusionLayer: 4,
};

/** Hypothesis 2: attention alone carries audio into text. */
export const attentionOnly: Variant = {
  ...delayedFusion,
  name: "attention-only",
  audioPath: "attention-only",
};

/** Hypothesis 3: encoders with different training hear different things. */
export const multiEncoder: Variant = {
  ...attentionOnly,
  name: "multi-encoder",
  encoders: ["sslam", "clap-general", "clap-music-speech"],
};

/** Appendix C: the fused layers can share one cross-attention. */
export const sharedConnector: Variant = {
  ...attentionOnly,
  name: "shared-connector",
  connector: "shared",
};

/** Layers of the paper's language model, Llama 3.2 1B. */
const paperLayers = 16;

/**
 * The design in a language model of another depth, fused at the same share.
 *
 * Not in the paper, which has one depth: 4 of 16 text-only layers become 2 of
 * 6, rounded up where the share falls between two layers.
 */
export function atDepth(variant: Variant, nLayers: number): Variant {
  const layer = (variant.fusionLayer * nLayers) / paperLayers;
  return { ...variant, fusionLayer: Math.ceil(layer) };
}

/**
 * Layers that take audio tokens from a connector.
 *
 * On the full path audio enters once and then lives in the residual stream. On
 * the attention-only path each layer gets its own tokens and drops them.
 */
export function fusedLayers(variant: Variant, nLayers: number): number[] {
  const { audioPath, fusionLayer, name } = variant;
  if (!(fusionLayer >= 0 && fusionLayer < nLayers)) {
    throw new RangeError(
      `fusedLayers: expected fusionLayer in 0..${nLayers - 1}, ` +
        `got ${fusionLayer} (variant "${name}")`,
    );
  }
  if (audioPath === "attention+ffn") return [fusionLayer];
  return Array.from(
    { length: nLayers - fusionLayer },
    (_, i) => fusionLayer + i,
  );
}
