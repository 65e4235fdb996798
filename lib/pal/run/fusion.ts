import * as tf from "@tensorflow/tfjs";
import type { LlamaConfig } from "../../llm/config.ts";
import type { LayerKept } from "../../llm/kv-cache.ts";
import type { Llama } from "../../llm/llama.ts";
import { hookIn, runParts } from "../../llm/part.ts";
import type { Places } from "../../llm/places.ts";
import { lastRows } from "../../tensor/layers.ts";
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

/**
 * One LLM layer with its audio, as its plan says: a fold over its parts.
 *
 * Audio in the stream stands before the text, whatever its positions; guests
 * give keys and values and are dropped (section 2.3).
 *
 * @param x_BSD - the residual stream: audio rows, if any, then T text rows
 * @returns the stream, and what later text may hear
 */
function fuseLayer(
  x_BSD: tf.Tensor3D,
  { parts, plan }: DesignLayer,
  fusion: Fusion & { readonly T: number },
): { readonly x_BSD: tf.Tensor3D; readonly kept: LayerKept } {
  const { audio, audioAt, config, llama, places, T, tap } = fusion;
  const { crosses, fresh, inStream, joins, layer } = plan;
  const given = fresh ?? joins ?? crosses;
  const audio_BAD =
    given === undefined ? undefined : tap(hookIn(layer, audioIn), audio[given]);
  const stream_BSD =
    joins !== undefined && audio_BAD
      ? tf.concat([entering(audio_BAD, inStream, fusion), x_BSD], 1)
      : inStream === "none"
        ? lastRows(x_BSD, T)
        : x_BSD;
  const context: FusionContext = {
    ...places[layer],
    config,
    layer,
    tap,
    guests_BAD: fresh === undefined ? undefined : audio_BAD,
    heard_BAD: crosses === undefined ? undefined : audio_BAD,
    nDeaf: audioAt,
    nKept: plan.textHears ? undefined : T,
    nSkipFfn: plan.audioFfn ? 0 : stream_BSD.shape[1] - T,
  };
  const after = runParts(parts, llama.blocks[layer], {
    context,
    x_BSD: stream_BSD,
  });
  return { x_BSD: after.x_BSD, kept: after.kept as LayerKept };
}

function entering(
  audio_BAD: tf.Tensor3D,
  inStream: LayerPlan["inStream"],
  { nSummary }: Fusion,
): tf.Tensor3D {
  return inStream === "summary" ? summarize(audio_BAD, nSummary) : audio_BAD;
}

/**
 * The text's residual stream after the layers from `first` on.
 *
 * @param text_BTD - the stream before that layer: embeddings, or, where no
 * audio has been met yet, what an earlier run has kept
 * @param keep - takes what each layer keeps, for a cache
 */
export function fuse(
  text_BTD: tf.Tensor3D,
  fusion: Fusion,
  {
    first = 0,
    keep,
  }: {
    readonly first?: number;
    readonly keep?: (kept: LayerKept, layer: DesignLayer) => void;
  } = {},
): tf.Tensor3D {
  const { T } = dims("fuse", text_BTD, "BTD");
  const x_BSD = fusion.layers.slice(first).reduce((x, layer) => {
    const run = () => fuseLayer(x, layer, { ...fusion, T });
    if (!keep) return tf.tidy(() => run().x_BSD);
    const after = run();
    keep(after.kept, layer);
    return after.x_BSD;
  }, text_BTD);
  return lastRows(x_BSD, T);
}
