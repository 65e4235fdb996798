import type { DesignLayer } from "../design/design.ts";
import type { Group } from "../design/layer-plan.ts";

/** Positions of the sequence system, audio, user, response. */
export interface SequencePlan {
  /** Of each text token; they jump over the audio's place. */
  readonly text: readonly number[];
  readonly audio: readonly number[];
  /** Of each summary token: where the last token stands that it sums up. */
  readonly summary: readonly number[];
}

/**
 * Gives the audio its place between system prompt and user prompt.
 *
 * The place stays reserved in layers that hear no audio yet, so a text token
 * stands at the same position in every layer of every design, unless a config's
 * positions say "shift". (The paper does not say how it counts positions.)
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
export function shares(
  A: number,
  nSummary: number,
): [from: number, end: number][] {
  if (nSummary > A) {
    throw new RangeError(
      `planSequence: expected at most ${A} summary tokens for ${A} audio ` +
        `tokens, got ${nSummary}`,
    );
  }
  const bound = (i: number) => Math.floor((i * A) / nSummary);
  return Array.from({ length: nSummary }, (_, i) => [bound(i), bound(i + 1)]);
}

/** What a token is in the sequence; summaries stand for several of audio. */
export type TokenGroup = "system" | "audio" | "summary" | "question" | "answer";

/** A token on an axis of an activation. */
export interface TokenRef {
  readonly group: TokenGroup;
  /** Its place in its group, from 0. */
  readonly index: number;
  readonly position: number;
}

/**
 * The tokens of a sequence, group by group in the stream's order, at their
 * place in the whole: text after the audio stands behind its gap.
 */
export interface SequenceTokens {
  readonly text: readonly TokenRef[];
  readonly audio: readonly TokenRef[];
  readonly summary: readonly TokenRef[];
}

/**
 * Names every token of a sequence.
 *
 * @param audioAt - text tokens before the audio: the system prompt
 * @param answerAt - text tokens before the answer; left out, there is none
 */
export function nameTokens(
  { audio, summary, text }: SequencePlan,
  { answerAt = text.length, audioAt }: { audioAt: number; answerAt?: number },
): SequenceTokens {
  if (!(answerAt >= audioAt && answerAt <= text.length)) {
    throw new RangeError(
      `nameTokens: expected answerAt in ${audioAt}..${text.length}, ` +
        `got ${answerAt}`,
    );
  }
  const refs = (group: TokenGroup, positions: readonly number[]): TokenRef[] =>
    positions.map((position, index) => ({ group, index, position }));
  return {
    text: [
      ...refs("system", text.slice(0, audioAt)),
      ...refs("question", text.slice(audioAt, answerAt)),
      ...refs("answer", text.slice(answerAt)),
    ],
    audio: refs("audio", audio),
    summary: refs("summary", summary),
  };
}

/** The tokens on a layer's two axes: those that ask, those that answer. */
export interface LayerTokens {
  /** The stream: audio or summaries, if it has any, then the text. */
  readonly q: readonly TokenRef[];
  /** Guests, then the stream. */
  readonly k: readonly TokenRef[];
  /** Those of the stream that the FFN reads. */
  readonly ffn: readonly TokenRef[];
  /** Those that answer, and that later text can still look at. */
  readonly kept: readonly TokenRef[];
}

/** The tokens of a layer's groups, at the layer's own positions. */
export function tokensOfLayer(
  { groups, hasGap }: Pick<DesignLayer, "groups" | "hasGap">,
  tokens: SequenceTokens,
): LayerTokens {
  const text = hasGap
    ? tokens.text
    : tokens.text.map((token, position) => ({ ...token, position }));
  const inLayer = { ...tokens, text };
  const named = (some: readonly Group[]) =>
    some.flatMap((group) => inLayer[group]);
  return {
    q: named(groups.q),
    k: named(groups.k),
    ffn: named(groups.ffn),
    kept: named(groups.kept),
  };
}
