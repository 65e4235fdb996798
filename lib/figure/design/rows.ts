/** What one LLM layer does with audio. */
export interface LayerRow {
  /** From 0, without gaps. */
  readonly layer: number;
  /** The connector's output whose tokens this layer alone hears. */
  readonly fresh?: number;
  /** The connector's output whose tokens join the stream before this layer. */
  readonly joins?: number;
  /** The connector's output that a part before this layer's attention hears. */
  readonly crosses?: number;
  /** Whether text's positions leave the audio's place out; true unless given. */
  readonly hasGap?: boolean;
  readonly inStream: "none" | "summary" | "all";
  readonly textHears: boolean;
  readonly audioFfn: boolean;
}

/** A design, as its diagram needs it. */
export interface DesignRow {
  readonly name: string;
  /** Written under the name: what sets the design apart. */
  readonly note?: string;
  readonly encoders: readonly string[];
  /** "shared": one cross-attention; "wide": one connector, drawn larger. */
  readonly connector: string;
  readonly layers: readonly LayerRow[];
}

/** Neighboring layers that do the same, and what that is. */
export interface LayerRun {
  readonly from: number;
  readonly to: number;
  readonly sentence: string;
}

/** The layers in runs of equal ones, from the first. */
export function runsOf({ layers }: DesignRow): LayerRun[] {
  const runs: LayerRun[] = [];
  for (const row of layers) {
    const sentence = sentenceOf(row, layers);
    const last = runs.at(-1);
    if (last?.sentence === sentence) {
      runs[runs.length - 1] = { ...last, to: row.layer };
    } else {
      runs.push({ from: row.layer, to: row.layer, sentence });
    }
  }
  return runs;
}

/** What happens to audio in a layer, in words. */
function sentenceOf(row: LayerRow, layers: readonly LayerRow[]): string {
  const { crosses, fresh, hasGap = true, inStream, audioFfn, textHears } = row;
  const through = audioFfn ? "attention and FFN" : "attention, not the FFN";
  if (inStream === "summary") {
    return (
      "Each layer is given audio tokens of its own, heard and dropped; a few " +
      `summaries of the first ones pass through ${through}.`
    );
  }
  if (inStream === "all") {
    const heard = textHears
      ? "the text after them hears them"
      : "text does not hear them";
    return `Audio tokens pass through ${through}; ${heard}.`;
  }
  if (fresh === undefined && crosses === undefined) {
    return hasGap
      ? "Text alone; the positions of the audio stay reserved."
      : "Text alone, at positions without a gap.";
  }
  const served = layers.filter(
    (other) => other.fresh === fresh && other.crosses === crosses,
  );
  const whose =
    served.length > 1
      ? "Each layer is given the same audio tokens"
      : "Each layer is given audio tokens of its own";
  return crosses === undefined
    ? `${whose}: the text after them hears them, then they are dropped.`
    : `${whose}: text hears them in a part before the layer's attention.`;
}

/** "layer 4" or "layers 0 to 3". */
export function layersOf({ from, to }: LayerRun): string {
  return from === to ? `layer ${from}` : `layers ${from} to ${to}`;
}

/** One output of the connector and the layers it goes to. */
export interface Output {
  readonly output: number;
  readonly rows: readonly LayerRow[];
}

export function outputsOf({ layers }: DesignRow): Output[] {
  const takenBy = ({ crosses, fresh, joins }: LayerRow) =>
    [fresh, joins, crosses].filter((output) => output !== undefined);
  return [...new Set(layers.flatMap(takenBy))].map((output) => ({
    output,
    rows: layers.filter((row) => takenBy(row).includes(output)),
  }));
}

/** @throws RangeError for what cannot be drawn, with the design's name */
export function checkDesigns(designs: readonly DesignRow[]) {
  if (designs.length === 0) {
    throw new RangeError("designDiagram: expected designs, got none");
  }
  const unknown = designs.find(({ layers }) => !Array.isArray(layers));
  if (unknown) {
    throw new TypeError(
      "designDiagram: expected designs with their layers, got " +
        `"${unknown.name}" without; pal.design.toldDesign(variant, nLayers) ` +
        "has them",
    );
  }
  const nLayers = designs[0].layers.length;
  for (const { encoders, layers, name } of designs) {
    const refuse = (expected: string, got: string | number): never => {
      throw new RangeError(
        `designDiagram: expected ${expected}, got ${got} (design "${name}")`,
      );
    };
    if (nLayers === 0 || layers.length !== nLayers) {
      const all = nLayers === 0 ? "layers" : `${nLayers} layers in each design`;
      refuse(all, layers.length);
    }
    const stray = layers.findIndex(({ layer }, i) => layer !== i);
    if (stray >= 0) refuse(`layer ${stray}`, `layer ${layers[stray].layer}`);
    if (encoders.length === 0) refuse("an encoder", "none");
    if (!layers.some(({ textHears }) => textHears)) {
      refuse("a layer in which text hears audio", "none");
    }
  }
}
