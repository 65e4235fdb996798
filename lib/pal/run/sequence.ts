import * as tf from "@tensorflow/tfjs";
import type { LlamaConfig } from "../../llm/config.ts";
import { checkContext, maskWhere, type Places } from "../../llm/places.ts";
import { rotationOf } from "../../llm/rope.ts";
import type { DesignLayer } from "../design/design.ts";
import {
  type SequenceTokens,
  shares,
  type TokenRef,
  tokensOfLayer,
} from "./tokens.ts";

/** Means of equal shares of the tokens: audio_BAD to summary_BSD. */
export function summarize(audio_BAD: tf.Tensor3D, nSummary: number) {
  const [B, A] = audio_BAD.shape;
  const weights = shares(A, nSummary).map(([from, end]) =>
    Array.from({ length: A }, (_, a) =>
      a >= from && a < end ? 1 / (end - from) : 0,
    ),
  );
  const mean_BSA = tf.tensor3d([weights]).tile([B, 1, 1]);
  const summary_BSD: tf.Tensor3D = tf.matMul(mean_BSA, audio_BAD);
  return summary_BSD;
}

/**
 * Rotations and masks of every layer; layers of one kind share theirs. The
 * tensors are the caller's.
 *
 * A token sees itself and what stands before it in the whole sequence; text
 * sees audio only where the plan says so.
 */
export function sequencePlaces(
  layers: readonly DesignLayer[],
  tokens: SequenceTokens,
  config: LlamaConfig,
): Places[] {
  const all = [...tokens.text, ...tokens.audio];
  checkContext(
    all.map(({ position }) => position),
    config,
  );
  const known = new Map<string, Places>();
  return layers.map((layer) => {
    const { groups, hasGap, plan } = layer;
    const kind = JSON.stringify([groups.q, groups.k, plan.textHears, hasGap]);
    const places = known.get(kind) ?? placesOfLayer(layer, tokens, config);
    known.set(kind, places);
    return places;
  });
}

function placesOfLayer(
  layer: DesignLayer,
  tokens: SequenceTokens,
  config: LlamaConfig,
): Places {
  const isSame = `${layer.groups.q}` === `${layer.groups.k}`;
  const stand = tokensOfLayer(layer, tokens);
  const turn = (turned: readonly TokenRef[]) =>
    rotationOf(
      turned.map(({ position }) => position),
      config,
    );
  const asks = turn(stand.q);
  // Without a gap text can stand where audio does: order is another matter.
  const { k, q } = tokensOfLayer({ ...layer, hasGap: true }, tokens);
  return {
    asks,
    answers: isSame ? asks : turn(stand.k),
    mask_B1SM: maskWhere([q, k], (i, j) => {
      const isHeard = layer.plan.textHears || !isText(q[i]) || isText(k[j]);
      return isHeard && k[j].position <= q[i].position;
    }),
  };
}

const isText = ({ group }: TokenRef) =>
  group !== "audio" && group !== "summary";
