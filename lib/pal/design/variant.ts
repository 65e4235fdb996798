import type { FusionPart } from "./part.ts";

/**
 * The designs, as data. Each changes one field of the design it starts from,
 * so a hypothesis reads as a one-line diff and as a row of Table 1.
 *
 * Later versions of the paper call the baseline PLITS and attention-only LAL.
 */
export interface Variant {
  readonly name: string;
  /**
   * Layer from which audio is heard, from 0: the paper's layer 5 is 4. A span
   * tells apart what one number joins.
   */
  readonly fusionLayer: number | AudioSpan;
  readonly audioPath: AudioPath;
  /**
   * Encoders whose features the latent tokens read, by the names of their
   * weights: see `publishedEncoders`.
   */
  readonly encoders: readonly string[];
  readonly connector: ConnectorSharing;
}

/** Layers of the audio, counted from 0; not in the paper, which has one k. */
export interface AudioSpan {
  /** First layer that audio tokens pass through, in the residual stream. */
  readonly enters: number;
  /**
   * First layer whose text hears audio. Where it comes before `enters`, text
   * hears the connector's tokens as they are.
   */
  readonly heard: number;
  /** First layer without audio again; left out, audio stays to the end. */
  readonly until?: number;
}

/**
 * What audio tokens pass through in an LLM layer.
 *
 * - `attention+ffn`: all of it, as text does; they live in the residual stream.
 * - `attention-only`: nothing. Each layer gets tokens of its own, which give
 *   keys and values and are dropped before the FFN (section 2.3).
 * - `ffn-skipped`: they live in the residual stream and skip the FFN alone.
 * - `summaryTokens`: all tokens as in `attention-only`; that many, each the
 *   mean of its share of them, live in the stream as in `attention+ffn`. Our
 *   reading of the hybrid of the paper's third version.
 * - `part`: nothing of the layer. They give keys and values to a part of their
 *   own, which each layer that hears audio has before its attention; not in the
 *   paper.
 */
export type AudioPath =
  | "attention+ffn"
  | "attention-only"
  | "ffn-skipped"
  | { readonly summaryTokens: number }
  | { readonly part: FusionPart };

/**
 * What the layers' connectors have in common.
 *
 * - `separate`: nothing; one for each layer that takes audio tokens.
 * - `shared`: the cross-attention; each layer has its projection (appendix C).
 * - `shared-projection`: everything; not in the paper.
 * - `wide`: there is one, with as many parameters as attention-only's separate
 *   ones together; not in the paper.
 */
export type ConnectorSharing =
  | "separate"
  | "shared"
  | "shared-projection"
  | "wide";

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
