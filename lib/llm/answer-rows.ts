import { type Random, random } from "../tensor/random.ts";
import { greedy, nextToken, type Sampling } from "./sample.ts";

export interface GenerateOptions {
  /** Tokens that end an answer; they are not part of it. */
  readonly ends: readonly number[];
  /** Most tokens of an answer. */
  readonly maxNew: number;
  /** How a token is chosen from its scores; default greedy (section 4.3). */
  readonly sampling?: Sampling;
  /** Of the choices; each row has chances of its own. Default 0. */
  readonly seed?: number;
  /** Fills rows on the right, where nothing looks; default 0. */
  readonly pad?: number;
  /** Hears each token of an answer as soon as it is chosen. */
  readonly onToken?: (news: { row: number; token: number }) => void;
  /** Stops before the next token. */
  readonly signal?: AbortSignal;
}

export interface Generated {
  readonly tokens: readonly number[];
  /** Whether the answer ended, or was cut at `maxNew`. */
  readonly stoppedBy: "end" | "length";
}

/** The answers of a batch while they grow. */
export interface AnswerRows {
  /** The token that each row reads next. */
  readonly last: () => number[];
  readonly areDone: () => boolean;
  /** Chooses a token for each row that is not done. */
  readonly choose: (logits: Float32Array) => void;
  readonly finished: () => Generated[];
}

interface Row {
  /** Prompt and answer. */
  readonly seen: number[];
  readonly answer: number[];
  readonly chance: Random;
  stoppedBy?: Generated["stoppedBy"];
}

/** No answers yet. */
export function answerRows(
  prompts: readonly (readonly number[])[],
  options: GenerateOptions,
): AnswerRows {
  const { ends, maxNew, onToken, sampling = greedy, seed = 0 } = options;
  const rows: Row[] = prompts.map((prompt, i) => ({
    seen: [...prompt],
    answer: [],
    chance: random("answer", seed, i),
  }));
  const grow = (row: Row, i: number, scores: Float32Array) => {
    const { chance, seen } = row;
    const token = nextToken(scores, { sampling, seen, chance });
    seen.push(token);
    if (ends.includes(token)) {
      row.stoppedBy = "end";
      return;
    }
    row.answer.push(token);
    onToken?.({ row: i, token });
    if (row.answer.length >= maxNew) row.stoppedBy = "length";
  };
  return {
    last: () => rows.map(({ seen }) => seen[seen.length - 1]),
    areDone: () => rows.every((row) => row.stoppedBy),
    choose: (logits) => {
      const V = logits.length / rows.length;
      rows.forEach((row, i) => {
        if (row.stoppedBy) return;
        grow(row, i, logits.subarray(i * V, (i + 1) * V));
      });
    },
    finished: () =>
      rows.map(({ answer, stoppedBy = "length" }) => ({
        tokens: answer,
        stoppedBy,
      })),
  };
}
