import type { AudioSpan, ConnectorSharing, Variant } from "./variant.ts";

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
  /** The connector's output that a part before this layer's attention hears. */
  readonly crosses?: number;
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
 * 6, rounded up where the share falls between two layers. Of what hears audio
 * at the paper's depth at least one layer hears it at any.
 *
 * @throws RangeError where the design is none at the paper's 16 layers
 */
export function atDepth(variant: Variant, nLayers: number): Variant {
  checkedSpan(variant, paperLayers);
  const scaled = (layer: number) =>
    Math.min(nLayers - 1, Math.ceil((layer * nLayers) / paperLayers));
  // The other way, so that a window holds as many layers as its complement.
  const ends = (layer: number, first: number) =>
    Math.max(first + 1, Math.floor((layer * nLayers) / paperLayers));
  const { fusionLayer } = variant;
  if (typeof fusionLayer === "number") {
    return { ...variant, fusionLayer: scaled(fusionLayer) };
  }
  const { enters, heard, until } = fusionLayer;
  const span = { enters: scaled(enters), heard: scaled(heard) };
  if (until === undefined) return { ...variant, fusionLayer: span };
  const first = Math.max(span.enters, span.heard);
  return {
    ...variant,
    fusionLayer: { ...span, until: ends(until, first) },
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
  const { audioPath } = variant;
  const { getsOwn, isCrossed, isHybrid } = kindOf(audioPath);
  const isPerLayer = getsOwn && !sharing[variant.connector].hasOneProjection;
  return Array.from({ length: nLayers }, (_, layer) => {
    const isPast = layer >= until;
    const lives = (isHybrid || !getsOwn) && layer >= enters && !isPast;
    const textHears = layer >= heard && !isPast;
    const isFresh = textHears && !isCrossed && (isHybrid || !lives);
    const output = isPerLayer ? layer - heard : 0;
    return {
      layer,
      ...(isFresh ? { fresh: output } : {}),
      ...(textHears && isCrossed ? { crosses: output } : {}),
      ...(lives && layer === enters ? { joins: 0 } : {}),
      inStream: !lives ? "none" : isHybrid ? "summary" : "all",
      textHears,
      audioFfn: lives && audioPath !== "ffn-skipped",
    };
  });
}

/** Layers that take audio tokens from a connector. */
export function fusedLayers(variant: Variant, nLayers: number): number[] {
  return fusedOf(layerPlans(variant, nLayers));
}

/** Those of them that take audio tokens from a connector. */
export function fusedOf(plans: readonly LayerPlan[]): number[] {
  return plans
    .filter((plan) => outputsOf(plan).length > 0)
    .map(({ layer }) => layer);
}

/** The connector's outputs that a layer takes. */
export function outputsOf({ crosses, fresh, joins }: LayerPlan): number[] {
  return [fresh, joins, crosses].filter((output) => output !== undefined);
}

/** How many sets of audio tokens the connector makes: one projection each. */
export function countOutputs(plans: readonly LayerPlan[]): number {
  return Math.max(...plans.flatMap(outputsOf)) + 1;
}

/** What a layer's tokens are: audio, means of it, or text. */
export type Group = "audio" | "summary" | "text";

/** The groups of tokens on a layer's axes, in order. */
export interface LayerGroups {
  /** The stream: audio or summaries, if it has any, then the text. */
  readonly q: readonly Group[];
  /** Guests, then the stream. */
  readonly k: readonly Group[];
  /** Those of the stream that the FFN reads. */
  readonly ffn: readonly Group[];
  /** Those that answer, and that later text can still look at. */
  readonly kept: readonly Group[];
}

/** Who asks, answers, goes through the FFN and is kept in a layer. */
export function groupsOf(plan: LayerPlan): LayerGroups {
  const lives = { none: [], summary: ["summary"], all: ["audio"] } as const;
  const q: readonly Group[] = [...lives[plan.inStream], "text"];
  const k: readonly Group[] = plan.fresh === undefined ? q : ["audio", ...q];
  return {
    q,
    k,
    ffn: plan.audioFfn ? q : ["text"],
    kept: plan.textHears ? k : ["text"],
  };
}

/** What the ways of sharing a connector mean. */
export const sharing: Readonly<
  Record<
    ConnectorSharing,
    {
      /** One cross-attention, however many projections there are. */
      readonly hasOneReader: boolean;
      /** One projection, also where each layer gets tokens of its own. */
      readonly hasOneProjection: boolean;
      /** As large as attention-only's separate ones together. */
      readonly isWide: boolean;
    }
  >
> = {
  separate: { hasOneReader: false, hasOneProjection: false, isWide: false },
  shared: { hasOneReader: true, hasOneProjection: false, isWide: false },
  "shared-projection": {
    hasOneReader: true,
    hasOneProjection: true,
    isWide: false,
  },
  wide: { hasOneReader: false, hasOneProjection: false, isWide: true },
};

/** Audio tokens in the stream where only summaries live there. */
export function summaryTokensOf({ audioPath }: Variant): number {
  const isHybrid =
    typeof audioPath === "object" && "summaryTokens" in audioPath;
  return isHybrid ? audioPath.summaryTokens : 0;
}

function kindOf(audioPath: Variant["audioPath"]) {
  const isObject = typeof audioPath === "object";
  const isCrossed = isObject && "part" in audioPath;
  return {
    /** Whether each layer gets audio tokens of its own. */
    getsOwn: isObject || audioPath === "attention-only",
    isCrossed,
    isHybrid: isObject && !isCrossed,
  };
}

/** What a cell or a file can get wrong and a type would have caught. */
function checkKnown({ audioPath, connector, name }: Variant): void {
  const paths: readonly unknown[] = [
    "attention+ffn",
    "attention-only",
    "ffn-skipped",
    "{ summaryTokens }",
    "{ part }",
  ];
  const path =
    typeof audioPath === "object"
      ? `{ ${Object.keys(audioPath)} }`
      : `${audioPath}`;
  const refuse = (field: string, value: string, known: readonly unknown[]) => {
    throw new RangeError(
      `layerPlans: unknown ${field} "${value}"; known: ${known.join(", ")} ` +
        `(variant "${name}")`,
    );
  };
  if (!paths.includes(path)) refuse("audioPath", path, paths);
  if (!Object.hasOwn(sharing, connector)) {
    refuse("connector", connector, Object.keys(sharing));
  }
}

function checkedSpan(variant: Variant, nLayers: number): Required<AudioSpan> {
  const { audioPath, connector, fusionLayer, name } = variant;
  checkKnown(variant);
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
  const { getsOwn } = kindOf(audioPath);
  if (getsOwn && enters !== heard) {
    refuse("one layer for enters and heard", `${enters} and ${heard}`);
  }
  if (getsOwn && sharing[connector].isWide) {
    refuse('a path with one connector for "wide"', JSON.stringify(audioPath));
  }
  return { enters, heard, until };
}
