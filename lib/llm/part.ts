import type * as tf from "@tensorflow/tfjs";
import type { Hook, Tap } from "../tensor/tap.ts";
import type { Weight } from "../tensor/weights.ts";
import type { LlamaConfig } from "./config.ts";
import type { Places } from "./places.ts";

/**
 * Tensors by name. A layer's weights are one record, and what it keeps is
 * another: each of its parts reads and gives the names that it declares.
 */
export type Named = Readonly<Record<string, tf.Tensor>>;

/** What a part needs besides its weights and the stream. */
export interface LayerContext extends Places {
  readonly config: LlamaConfig;
  readonly layer: number;
  readonly tap: Tap;
  /** Tokens that answer in this layer but do not ask, and leave no trace. */
  readonly guests_BAD?: tf.Tensor3D;
  /** What the layer's parts kept of earlier calls; it stands before this one. */
  readonly past?: Named;
  /** Last rows of the key axis that later calls may hear; all unless given. */
  readonly nKept?: number;
  /** Leading rows of the stream that the FFN passes over. */
  readonly nSkipFfn?: number;
}

/**
 * One step of a layer, declared once: forward pass, cached decoding, lists of
 * hooks, costs and parameter counts all fold over a layer's parts.
 */
export interface Part<
  Weights extends Named = Named,
  Kept extends Named = Named,
  Context extends LayerContext = LayerContext,
> {
  readonly name: string;
  /** Its weights by name, in the order in which they are drawn. */
  weights(config: LlamaConfig): Readonly<Record<string, Weight>>;
  /** All that it shows to a tap, within its layer, in order. */
  readonly hooks: readonly Hook[];
  /** What it keeps for the text that follows. */
  readonly keeps: Readonly<Record<string, Keeping>>;
  /** Adds to the stream. With a past it reads tokens that follow that past. */
  run(
    weights: Weights,
    x_BSD: tf.Tensor3D,
    context: Context & { readonly past?: Kept },
  ): { readonly x_BSD: tf.Tensor3D; readonly kept: Kept };
  /** The matrix products of such a run. */
  products(config: LlamaConfig, rows: Rows): Product[];
}

/** A tensor kept between calls. */
export interface Keeping {
  readonly axes: string;
  /** Whether axis M has a slot for each text token; otherwise it stays. */
  readonly grows: boolean;
}

/** How many rows one layer has in one call. */
export interface Rows {
  /** Clips. */
  readonly B: number;
  /** In the residual stream: text, and the audio that lives there. */
  readonly S: number;
  /** Attended to: guests, stream, and what is kept from earlier. */
  readonly M: number;
  /** Through the FFN. */
  readonly R: number;
  /** Audio tokens of a clip. */
  readonly A: number;
  /** Whether this is one more token after what was kept. */
  readonly isNext: boolean;
}

/** What products are counted under. */
export type ProductKind =
  | "attentionProjections"
  | "attentionScores"
  | "ffn"
  | "unembedding";

/**
 * What a factor of a product is, and so when it has a gradient: the part's
 * weights where they are trained, the audio where its connector is, what is
 * made of stream and weights where either has one, and what is fixed never.
 */
export type Factor = "stream" | "audio" | "weights" | "fixed";

/** One or more equal matrix products. */
export interface Product<Kind extends string = ProductKind> {
  readonly kind: Kind;
  /** Rows, inner size and columns. */
  readonly sizes: readonly [number, number, number];
  readonly factors: readonly [Factor, Factor];
  readonly times: number;
}

/** The name of a hook in one layer. */
export function hookIn(layer: number, { name }: Hook): string {
  return `blocks.${layer}.${name}`;
}

/** The stream after the parts of a layer, and all that they keep. */
export function runParts<Context extends LayerContext>(
  parts: readonly Part<Named, Named, Context>[],
  weights: Named,
  {
    context,
    x_BSD,
  }: { readonly context: Context; readonly x_BSD: tf.Tensor3D },
): { readonly x_BSD: tf.Tensor3D; readonly kept: Named } {
  return parts.reduce(
    (before, part) => {
      const after = part.run(weights, before.x_BSD, context);
      return { x_BSD: after.x_BSD, kept: { ...before.kept, ...after.kept } };
    },
    { x_BSD, kept: {} as Named },
  );
}

/** The weights of a layer's parts, one after another. */
export function weightsOf(
  parts: readonly Pick<Part, "weights">[],
  config: LlamaConfig,
): Readonly<Record<string, Weight>> {
  return Object.assign({}, ...parts.map((part) => part.weights(config)));
}
