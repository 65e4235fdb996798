import * as tf from "@tensorflow/tfjs";
import type { LlamaConfig } from "../llm/config.ts";
import { checkContext, maskWhere, type Places } from "../llm/places.ts";
import { rotationOf } from "../llm/rope.ts";
import type { LayerPlan } from "./layer-plan.ts";

/** Positions of the sequence system, audio, user, response. */
export interface SequencePlan {
  /** Of each text token; they jump over the audio's place in every layer. */
  readonly text: readonly number[];
  readonly audio: readonly number[];
  /** Of each summary token: where the last token stands that it sums up. */
  readonly summary: readonly number[];
}

/**
 * Gives the audio its place between system prompt and user prompt.
 *
 * The place stays reserved in layers that hear no audio yet, so a text token
 * stands at the same position in every layer of every design. (The paper does
 * not say how it counts positions.)
 *
 * @param T - text tokens
 * @param A - audio tokens
 * @param audioAt - text tokens before the audio
 */
export function planSequence(
  T: number,
  A: number,
  { audioAt, nSummary = 0 }: { audioAt: number; nSummary?: number },
): SequencePlan {
  if (!(audioAt >= 0 && audioAt <= T)) {
    throw new RangeError(
      `planSequence: expected audioAt in 0..${T}, got ${audioAt}`,
    );
  }
  const count = (n: number, from: number) =>
    Array.from({ length: n }, (_, i) => from + i);
  return {
    text: [...count(audioAt, 0), ...count(T - audioAt, audioAt + A)],
    audio: count(A, audioAt),
    summary: shares(A, nSummary).map(([, end]) => audioAt + end - 1),
  };
}

/** The span of tokens of each summary: equal shares, in order. */
function shares(A: number, nSummary: number): [from: number, end: number][] {
  if (nSummary > A) {
    throw new RangeError(
      `planSequence: expected at most ${A} summary tokens for ${A} audio ` +
        `tokens, got ${nSummary}`,
    );
  }
  const bound = (i: number) => Math.floor((i * A) / nSummary);
  return Array.from({ length: nSummary }, (_, i) => [bound(i), bound(i + 1)]);
}

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

/** A token on one of a layer's two axes. */
interface Token {
  readonly position: number;
  readonly isText: boolean;
}

/** Tokens of a layer: those that ask, and those that answer as well. */
export function layerTokens(
  plan: LayerPlan,
  sequence: SequencePlan,
): { readonly stream: readonly Token[]; readonly guests: readonly Token[] } {
  const tokens = (positions: readonly number[], isText: boolean) =>
    positions.map((position) => ({ position, isText }));
  const inStream = { none: [], all: sequence.audio, summary: sequence.summary };
  return {
    stream: [
      ...tokens(inStream[plan.inStream], false),
      ...tokens(sequence.text, true),
    ],
    guests: tokens(plan.fresh === undefined ? [] : sequence.audio, false),
  };
}

/**
 * Rotations and masks of every layer; layers of one kind share theirs. The
 * tensors are the caller's.
 *
 * A token sees itself and what stands before it, text sees audio only where
 * the plan says so.
 */
export function sequencePlaces(
  plans: readonly LayerPlan[],
  sequence: SequencePlan,
  config: LlamaConfig,
): Places[] {
  checkContext([...sequence.text, ...sequence.audio], config);
  const known = new Map<string, Places>();
  return plans.map((plan) => {
    const { fresh, inStream, textHears } = plan;
    const kind = JSON.stringify([fresh !== undefined, inStream, textHears]);
    const places = known.get(kind) ?? placesOfLayer(plan, sequence, config);
    known.set(kind, places);
    return places;
  });
}

function placesOfLayer(
  plan: LayerPlan,
  sequence: SequencePlan,
  config: LlamaConfig,
): Places {
  const { guests, stream } = layerTokens(plan, sequence);
  const all = [...guests, ...stream];
  const turn = (tokens: readonly Token[]) =>
    rotationOf(
      tokens.map(({ position }) => position),
      config,
    );
  const asks = turn(stream);
  return {
    asks,
    answers: guests.length === 0 ? asks : turn(all),
    mask_B1SM: maskWhere([stream, all], (i, j) => {
      const isHeard = plan.textHears || !stream[i].isText || all[j].isText;
      return isHeard && all[j].position <= stream[i].position;
    }),
  };
}
