/** The height of all panels of a figure and what is written around them. */
export interface Grid {
  readonly nLayers: number;
  /** Of one layer, in CSS pixels. */
  readonly layerHeight: number;
}

/** A column of a panel, in CSS pixels from the plot's left. */
export interface Column {
  readonly left: number;
  readonly right: number;
}

/** A band of a layer, in CSS pixels from the plot's top. */
export interface Band {
  readonly top: number;
  readonly bottom: number;
}

/** Where the parts of one diagram lie. */
export interface Place {
  readonly top: number;
  readonly bottom: number;
  readonly text: Column;
  readonly audio: Column;
  readonly projection: Column;
  readonly crossAttention: Column;
  /** The line on which features go up from the encoders. */
  readonly features: number;
  /** Attention below, FFN above it. */
  readonly attention: (layer: number) => Band;
  readonly ffn: (layer: number) => Band;
  /** The border below a layer. */
  readonly below: (layer: number) => number;
}

/**
 * Lays one diagram out: text and audio lanes, then the connector's columns.
 *
 * Layer 0 lies at the bottom, as the residual stream is drawn in the field.
 */
export function placeDesign(
  { left, right }: Column,
  top: number,
  { layerHeight, nLayers }: Grid,
): Place {
  const width = right - left;
  const column = (from: number, to: number): Column => ({
    left: Math.round(left + from * width),
    right: Math.round(left + to * width),
  });
  const bottom = top + nLayers * layerHeight;
  const below = (layer: number) => bottom - layer * layerHeight;
  const gap = Math.max(2, Math.round(layerHeight * 0.12));
  const half = Math.floor((layerHeight - gap - 1) / 2);
  const attention = (layer: number): Band => {
    const base = below(layer) - Math.floor(gap / 2);
    return { top: base - half, bottom: base };
  };
  return {
    top,
    bottom,
    text: column(0, 0.36),
    audio: column(0.48, 0.74),
    projection: column(0.83, 0.88),
    crossAttention: column(0.88, 0.93),
    features: Math.round(right) - 5,
    attention,
    ffn: (layer) => {
      const base = attention(layer).top - 1;
      return { top: base - half, bottom: base };
    },
    below,
  };
}

/** Side of the square that stands for an encoder. */
export const encoderSide = 7;

/** Where the square of an encoder lies, below the layers. */
export function encoderBand({ bottom }: Place, encoder: number): Band {
  const top = bottom + 10 + encoder * encoderPitch;
  return { top, bottom: top + encoderSide };
}

/** From one encoder to the next; their names stand beside them. */
const encoderPitch = 14;

export const middle = ({ bottom, top }: Band) => (top + bottom) / 2;
export const center = ({ left, right }: Column) => (left + right) / 2;
