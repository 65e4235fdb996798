/**
 * Designs that the paper does not have and its claims need: each takes one
 * thing away that changed together with another. They are further values of
 * the same fields.
 */
import {
  attentionOnly,
  baseline,
  delayedFusion,
  multiEncoder,
  sharedConnector,
  type Variant,
} from "./variant.ts";

/** Text is left alone in the first layers; audio passes through them. */
export const shieldedText: Variant = {
  ...baseline,
  name: "shielded-text",
  fusionLayer: { enters: 0, heard: 4 },
};

/** Audio is left alone in the first layers; text hears it raw. */
export const rawAudio: Variant = {
  ...baseline,
  name: "raw-audio",
  fusionLayer: { enters: 4, heard: 0 },
};

/** As many fused layers as delayed fusion has, but the first ones. */
export const earlyWindow: Variant = {
  ...baseline,
  name: "early-window",
  fusionLayer: { enters: 0, heard: 0, until: 12 },
};

/** Delayed fusion without the FFN at audio positions, and nothing else less. */
export const ffnSkipped: Variant = {
  ...delayedFusion,
  name: "ffn-skipped",
  audioPath: "ffn-skipped",
};

/** Attention-only with delayed fusion's count of projections: one. */
export const sharedProjection: Variant = {
  ...attentionOnly,
  name: "shared-projection",
  connector: "shared-projection",
};

/** Delayed fusion with attention-only's count of parameters. */
export const wideConnector: Variant = {
  ...delayedFusion,
  name: "wide-connector",
  connector: "wide",
};

/** A few tokens through every submodule, all of them through attention. */
export const summaryHybrid: Variant = {
  ...attentionOnly,
  name: "summary-hybrid",
  audioPath: { summaryTokens: 8 },
};

/** A design, and the one from which it differs in one field. */
export interface Descent {
  readonly variant: Variant;
  readonly parent?: Variant;
  /** Who built such a design before, where it descends from none here. */
  readonly knownFrom?: string;
}

/** The paper's designs, in its order: Table 1, then Table 4. */
export const paperDesigns: readonly Descent[] = [
  { variant: baseline, knownFrom: "Pengi, LTU and GAMA" },
  { variant: delayedFusion, parent: baseline },
  { variant: attentionOnly, parent: delayedFusion },
  { variant: multiEncoder, parent: attentionOnly },
  { variant: sharedConnector, parent: attentionOnly },
];

/** The designs that the paper does not have. */
export const furtherDesigns: readonly Descent[] = [
  { variant: shieldedText, parent: baseline },
  { variant: rawAudio, parent: baseline },
  { variant: earlyWindow, parent: baseline },
  { variant: ffnSkipped, parent: delayedFusion },
  { variant: wideConnector, parent: delayedFusion },
  { variant: sharedProjection, parent: attentionOnly },
  { variant: summaryHybrid, parent: attentionOnly },
];

/** The design of that name, the paper's or a further one. */
export function designNamed(name: string): Variant {
  const known = [...paperDesigns, ...furtherDesigns];
  const found = known.find(({ variant }) => variant.name === name);
  if (found) return found.variant;
  throw new RangeError(
    `designNamed: unknown design "${name}"; known: ` +
      known.map(({ variant }) => variant.name).join(", "),
  );
}
