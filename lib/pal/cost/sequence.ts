import type { AudioLlmConfig } from "../design/design.ts";
import { summaryTokensOf } from "../design/layer-plan.ts";

/** What is run. */
export interface CostSequence {
  /** Text tokens of a clip. */
  readonly T: number;
  /** Text positions of a clip whose next token is scored; all unless given. */
  readonly answer?: number;
  /** Clips; 1 unless given. */
  readonly B?: number;
}

/** How many tokens a sequence has. */
export interface Tokens {
  /** Clips. */
  readonly B: number;
  /** Text tokens of a clip. */
  readonly T: number;
  /** Audio tokens of a clip. */
  readonly A: number;
  /** Audio tokens in the stream where only a summary lives there. */
  readonly nSummary: number;
}

/** A sequence's tokens, if the design can take it. */
export function checkSequence(
  caller: string,
  { audioAt, connector, llama, variant }: AudioLlmConfig,
  { T, answer = T, B = 1 }: CostSequence,
): { answer: number; tokens: Tokens } {
  const A = connector.query.steps * connector.query.bands;
  const expect = (name: string, value: number, [least, most]: number[]) => {
    if (Number.isInteger(value) && value >= least && value <= most) return;
    throw new RangeError(
      `${caller}: expected ${name} in ${least}..${most}, got ${value} ` +
        `(${A} audio tokens, variant "${variant.name}")`,
    );
  };
  expect("audio tokens", A, [0, llama.contextLength - 1]);
  expect("T", T, [Math.max(1, audioAt), llama.contextLength - A]);
  expect("answer", answer, [0, T]);
  expect("B", B, [1, Number.MAX_SAFE_INTEGER]);
  const nSummary = summaryTokensOf(variant);
  expect("summaryTokens", nSummary, [0, A]);
  return { answer, tokens: { A, B, T, nSummary } };
}
