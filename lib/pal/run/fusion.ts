import * as tf from "@tensorflow/tfjs";
import type { LlamaConfig } from "../../llm/config.ts";
import type { LayerKept } from "../../llm/kv-cache.ts";
import type { Llama } from "../../llm/llama.ts";
import { hookIn, type Named, runParts } from "../../llm/part.ts";
import type { Places } from "../../llm/places.ts";
import { lastRows } from "../../tensor/layers.ts";
import { leaves, type Tensors } from "../../tensor/params.ts";
import { parted, recomputed } from "../../tensor/recompute.ts";
import { dims } from "../../tensor/shapes.ts";
import type { Hook, Tap } from "../../tensor/tap.ts";
import type { DesignLayer } from "../design/design.ts";
import type { LayerPlan } from "../design/layer-plan.ts";
import type { FusionContext } from "../design/part.ts";
import { summarize } from "./sequence.ts";

/** What the layers of a run have in common. */
export interface Fusion {
  /** With the weights of all parts of its layers. */
  readonly llama: Llama;
  readonly config: LlamaConfig;
  readonly layers: readonly DesignLayer[];
  /** One for each layer. */
  readonly places: readonly Places[];
  /** Audio tokens audio_BAD, one set for each output of the connector. */
  readonly audio: readonly tf.Tensor3D[];
  /** Tokens that stand for all of them where a plan says "summary". */
  readonly nSummary: number;
  /** Text tokens before the audio. */
  readonly audioAt: number;
  readonly tap: Tap;
}

/** What a layer shows of the audio that it takes. */
export const audioIn: Hook = { name: "hook_audio_in", axes: "BAD" };

/** The tensors that one layer reads. */
interface LayerInput {
  /** The residual stream: audio rows, if any, then T text rows. */
  readonly x_BSD: tf.Tensor3D;
  readonly weights: Named;
  readonly places: Places;
  /** Its audio tokens, where its plan takes any. */
  readonly audio_BAD?: tf.Tensor3D;
}

/** What every layer of a run shares. */
type Shared = Pick<Fusion, "audioAt" | "config" | "nSummary" | "tap"> & {
  readonly T: number;
};

/**
 * One LLM layer with its audio, as its plan says: a fold over its parts.
 *
 * Audio in the stream stands before the text, whatever its positions; guests
 * give keys and values and are dropped (section 2.3).
 *
 * @returns the stream, and what later text may hear
 */
function fuseLayer(
  { parts, plan }: DesignLayer,
  { audio_BAD: given_BAD, places, weights, x_BSD }: LayerInput,
  { audioAt, config, nSummary, T, tap }: Shared,
): { readonly x_BSD: tf.Tensor3D; readonly kept: LayerKept } {
  const { crosses, fresh, inStream, joins, layer } = plan;
  const audio_BAD = given_BAD && tap(hookIn(layer, audioIn), given_BAD);
  const stream_BSD =
    joins !== undefined && audio_BAD
      ? tf.concat([entering(audio_BAD, inStream, nSummary), x_BSD], 1)
      : inStream === "none"
        ? lastRows(x_BSD, T)
        : x_BSD;
  const context: FusionContext = {
    ...places,
    config,
    layer,
    tap,
    guests_BAD: fresh === undefined ? undefined : audio_BAD,
    heard_BAD: crosses === undefined ? undefined : audio_BAD,
    nDeaf: audioAt,
    nKept: plan.textHears ? undefined : T,
    nSkipFfn: plan.audioFfn ? 0 : stream_BSD.shape[1] - T,
  };
  const after = runParts(parts, weights, { context, x_BSD: stream_BSD });
  return { x_BSD: after.x_BSD, kept: after.kept as LayerKept };
}

function entering(
  audio_BAD: tf.Tensor3D,
  inStream: LayerPlan["inStream"],
  nSummary: number,
): tf.Tensor3D {
  return inStream === "summary" ? summarize(audio_BAD, nSummary) : audio_BAD;
}

/** Where a run of the layers begins, and what it leaves. */
export interface FuseOptions {
  readonly first?: number;
  /** Takes what each layer keeps, for a cache. */
  readonly keep?: (kept: LayerKept, layer: DesignLayer) => void;
  /** Has a backward pass compute the insides of layers again. */
  readonly recompute?: Recompute;
}

/** What has no gradient while the insides of layers are computed again. */
export interface Recompute {
  readonly frozen: Tensors;
}

/**
 * The text's residual stream after the layers from `first` on.
 *
 * @param text_BTD - the stream before that layer: embeddings, or, where no
 * audio has been met yet, what an earlier run has kept
 */
export function fuse(
  text_BTD: tf.Tensor3D,
  fusion: Fusion,
  { first = 0, keep, recompute }: FuseOptions = {},
): tf.Tensor3D {
  const { T } = dims("fuse", text_BTD, "BTD");
  const shared = { ...fusion, T };
  const layers = fusion.layers.slice(first);
  if (recompute) {
    return lastRows(fuseAgain(text_BTD, layers, { ...shared, recompute }), T);
  }
  const x_BSD = layers.reduce((x, layer) => {
    const run = () => fuseLayer(layer, inputOf(layer, x, fusion), shared);
    if (!keep) return tf.tidy(() => run().x_BSD);
    const after = run();
    keep(after.kept, layer);
    return after.x_BSD;
  }, text_BTD);
  return lastRows(x_BSD, T);
}

function inputOf(
  { plan: { crosses, fresh, joins, layer } }: DesignLayer,
  x_BSD: tf.Tensor3D,
  { audio, llama, places }: Pick<Fusion, "audio" | "llama" | "places">,
): LayerInput {
  const given = fresh ?? joins ?? crosses;
  return {
    x_BSD,
    weights: llama.blocks[layer],
    places: places[layer],
    audio_BAD: given === undefined ? undefined : audio[given],
  };
}

/**
 * The stream after the layers, of whose insides nothing is kept.
 *
 * It moves from the first layer on in which something does; what audio there
 * is follows from the connector, which trains in every stage.
 */
function fuseAgain(
  text_BTD: tf.Tensor3D,
  layers: readonly DesignLayer[],
  { recompute, ...shared }: Fusion & Shared & { recompute: Recompute },
): tf.Tensor3D {
  const frozen = new Set(leaves(recompute.frozen));
  let moves = !frozen.has(shared.llama.embedding_VD);
  return layers.reduce((x_BSD, layer) => {
    const { audio_BAD, places, weights } = inputOf(layer, x_BSD, shared);
    const { still, trained } = parted(weights, frozen);
    const audio = audio_BAD ? [audio_BAD] : [];
    const [x, stillX] = moves ? [[x_BSD], []] : [[], [x_BSD]];
    const given = {
      moving: { audio, trained, x },
      fixed: { places, still, x: stillX },
    };
    moves ||= leaves(given.moving).length > 0;
    return recomputed(
      {
        kind: `layer ${kindOf(layer, shared.T)}`,
        make: ({ fixed, moving }: typeof given) =>
          fuseLayer(
            layer,
            {
              x_BSD: [...moving.x, ...fixed.x][0],
              weights: { ...fixed.still, ...moving.trained },
              places: fixed.places,
              audio_BAD: moving.audio[0],
            },
            shared,
          ).x_BSD,
      },
      given,
    );
  }, text_BTD);
}

/** What a layer does, wherever it stands: layers of one kind share a graph. */
function kindOf({ groups, hasGap, parts, plan }: DesignLayer, T: number) {
  const { crosses, fresh, joins, layer: _, ...rest } = plan;
  const takes = [crosses, fresh, joins].map((given) => given !== undefined);
  const names = parts.map(({ name }) => name);
  return JSON.stringify({ ...rest, groups, hasGap, names, takes, T });
}
