import * as tf from "@tensorflow/tfjs";
import type { LlamaConfig } from "../../llm/config.ts";
import { checkContext, maskWhere, type Places } from "../../llm/places.ts";
import { rotationOf } from "../../llm/rope.ts";
import type { LayerPlan } from "../design/layer-plan.ts";
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
 * A token sees itself and what stands before it; text sees audio only where
 * the plan says so.
 */
export function sequencePlaces(
  plans: readonly LayerPlan[],
  tokens: SequenceTokens,
  config: LlamaConfig,
): Places[] {
  const all = [...tokens.text, ...tokens.audio];
  checkContext(
    all.map(({ position }) => position),
    config,
  );
  const known = new Map<string, Places>();
  return plans.map((plan) => {
    const { fresh, inStream, textHears } = plan;
    const kind = JSON.stringify([fresh !== undefined, inStream, textHears]);
    const places = known.get(kind) ?? placesOfLayer(plan, tokens, config);
    known.set(kind, places);
    return places;
  });
}

function placesOfLayer(
  plan: LayerPlan,
  tokens: SequenceTokens,
  config: LlamaConfig,
): Places {
  const { k, q } = tokensOfLayer(plan, tokens);
  const turn = (turned: readonly TokenRef[]) =>
    rotationOf(
      turned.map(({ position }) => position),
      config,
    );
  const asks = turn(q);
  return {
    asks,
    answers: k === q ? asks : turn(k),
    mask_B1SM: maskWhere([q, k], (i, j) => {
      const isHeard = plan.textHears || !isText(q[i]) || isText(k[j]);
      return isHeard && k[j].position <= q[i].position;
    }),
  };
}

const isText = ({ group }: TokenRef) =>
  group !== "audio" && group !== "summary";
