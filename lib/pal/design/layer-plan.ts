import type { AudioSpan, Variant } from "./variant.ts";

/**
 * What one LLM layer does with audio: all that a forward pass, a cost formula
 * or a diagram needs to know of a variant.
 */
export interface LayerPlan {
  readonly layer: number;
  /** The connector's output whose tokens this layer alone hears, if any. */
  readonly fresh?: number;
  /** The connector's output whose tokens join the stream before this layer. */
  readonly joins?: number;
  /** Audio tokens that pass through this layer in the residual stream. */
  readonly inStream: "none" | "summary" | "all";
  readonly textHears: boolean;
  /** Whether audio tokens of the stream pass through this layer's FFN. */
  readonly audioFfn: boolean;
}

/** Layers of the paper's language model, Llama 3.2 1B. */
const paperLayers = 16;

/**
 * The design in a language model of another depth, fused at the same share.
 *
 * Not in the paper, which has one depth: 4 of 16 text-only layers become 2 of
 * 6, rounded up where the share falls between two layers.
 */
export function atDepth(variant: Variant, nLayers: number): Variant {
  const scaled = (layer: number) => Math.ceil((layer * nLayers) / paperLayers);
  // The other way, so that a window holds as many layers as its complement.
  const ends = (layer: number) => Math.floor((layer * nLayers) / paperLayers);
  const { fusionLayer } = variant;
  if (typeof fusionLayer === "number") {
    return { ...variant, fusionLayer: scaled(fusionLayer) };
  }
  const { enters, heard, until } = fusionLayer;
  const span = { enters: scaled(enters), heard: scaled(heard) };
  return {
    ...variant,
    fusionLayer: until === undefined ? span : { ...span, until: ends(until) },
  };
}

/**
 * The plan of every layer, from the first.
 *
 * The one place that interprets a variant's fields together.
 *
 * @throws RangeError where audio would begin or end outside the model, or
 * where fields contradict each other
 */
export function layerPlans(variant: Variant, nLayers: number): LayerPlan[] {
  const { enters, heard, until } = checkedSpan(variant, nLayers);
  const { audioPath, connector } = variant;
  const isHybrid = typeof audioPath === "object";
  const getsOwn = isHybrid || audioPath === "attention-only";
  const isPerLayer = getsOwn && connector !== "shared-projection";
  return Array.from({ length: nLayers }, (_, layer) => {
    const isPast = layer >= until;
    const lives = audioPath !== "attention-only" && layer >= enters && !isPast;
    const textHears = layer >= heard && !isPast;
    const isFresh = textHears && (isHybrid || !lives);
    return {
      layer,
      ...(isFresh ? { fresh: isPerLayer ? layer - heard : 0 } : {}),
      ...(lives && layer === enters ? { joins: 0 } : {}),
      inStream: !lives ? "none" : isHybrid ? "summary" : "all",
      textHears,
      audioFfn: lives && audioPath !== "ffn-skipped",
    };
  });
}

/** Layers that take audio tokens from a connector. */
export function fusedLayers(variant: Variant, nLayers: number): number[] {
  return layerPlans(variant, nLayers)
    .filter(({ fresh, joins }) => fresh !== undefined || joins !== undefined)
    .map(({ layer }) => layer);
}

/** How many sets of audio tokens the connector makes: one projection each. */
export function countOutputs(plans: readonly LayerPlan[]): number {
  const outputs = plans.flatMap(({ fresh, joins }) => [fresh ?? 0, joins ?? 0]);
  return Math.max(...outputs) + 1;
}

function checkedSpan(variant: Variant, nLayers: number): Required<AudioSpan> {
  const { audioPath, connector, fusionLayer, name } = variant;
  const span =
    typeof fusionLayer === "number"
      ? { enters: fusionLayer, heard: fusionLayer }
      : fusionLayer;
  const { enters, heard, until = nLayers } = span;
  const refuse = (expected: string, got: string): never => {
    throw new RangeError(
      `layerPlans: expected ${expected}, got ${got} (variant "${name}")`,
    );
  };
  const at = typeof fusionLayer === "number" ? "fusionLayer" : "enters, heard";
  for (const layer of new Set([enters, heard])) {
    if (!(Number.isInteger(layer) && layer >= 0 && layer < nLayers)) {
      refuse(`${at} in 0..${nLayers - 1}`, `${layer}`);
    }
  }
  const first = Math.max(enters, heard);
  if (!(Number.isInteger(until) && until > first && until <= nLayers)) {
    refuse(`until in ${first + 1}..${nLayers}`, `${until}`);
  }
  const getsOwn =
    audioPath === "attention-only" || typeof audioPath === "object";
  if (getsOwn && enters !== heard) {
    refuse("one layer for enters and heard", `${enters} and ${heard}`);
  }
  if (getsOwn && connector === "wide") {
    refuse('a path with one connector for "wide"', JSON.stringify(audioPath));
  }
  return { enters, heard, until };
}
