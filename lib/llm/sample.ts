import type { Random } from "../tensor/random.ts";

/** How the next token is chosen from a model's scores. */
export interface Sampling {
  /** Above 1 flattens the chances, below sharpens them; 0 takes the best. */
  readonly temperature: number;
  /** As many of the best tokens are kept; 0 keeps all. */
  readonly topK: number;
  /** The fewest best tokens with this chance together are kept; 1 keeps all. */
  readonly topP: number;
  /** Divides the score of a token that was there before; 1 changes nothing. */
  readonly repetitionPenalty: number;
}

/** The best token at every step, as for Table 1 (section 4.3). */
export const greedy: Sampling = {
  temperature: 0,
  topK: 0,
  topP: 1,
  repetitionPenalty: 1,
};

/**
 * As LTU answers its evaluation questions. The paper says that Table 2 uses
 * these too (section 3) but does not print them: the numbers are LTU's.
 */
export const ltuSampling: Sampling = {
  temperature: 0.1,
  topK: 500,
  topP: 0.95,
  repetitionPenalty: 1.1,
};

export interface NextTokenOptions {
  readonly sampling: Sampling;
  /** Prompt and answer so far, for the repetition penalty. */
  readonly seen?: Iterable<number>;
  /** Needed unless the temperature is 0; each token takes one number. */
  readonly chance?: Pick<Random, "uniform">;
}

/**
 * Chooses the next token, in the order of Hugging Face's processors:
 * repetition penalty, temperature, top-k, top-p.
 *
 * Of equal scores the lower id is the better one. So top-k keeps exactly k
 * tokens, where Hugging Face keeps all that tie with the last of them.
 *
 * @param logits - scores of V tokens; -Infinity forbids one
 */
export function nextToken(
  logits: Float32Array,
  { chance, sampling, seen = [] }: NextTokenOptions,
): number {
  checkSampling(sampling);
  const scores = penalized(logits, seen, sampling.repetitionPenalty);
  const best = bestToken(scores);
  if (sampling.temperature === 0) return best;
  if (!chance) {
    throw new TypeError(
      `nextToken: expected a stream of chance for temperature ` +
        `${sampling.temperature}, got none`,
    );
  }
  const { tokens, weights } = keptTokens(scores, scores[best], sampling);
  // Above 0, so that no token of weight 0 is ever drawn.
  const drawn = (1 - chance.uniform()) * sum(weights);
  let reached = 0;
  const at = weights.findIndex((weight) => {
    reached += weight;
    return reached >= drawn;
  });
  return tokens[at];
}

/** Scores after the penalty; the same array if there is none. */
function penalized(
  logits: Float32Array,
  seen: Iterable<number>,
  penalty: number,
): Float32Array {
  if (penalty === 1) return logits;
  const scores = logits.slice();
  for (const token of new Set(seen)) {
    if (!(token in logits)) {
      throw new RangeError(
        `nextToken: expected seen tokens below ${logits.length}, got ${token}`,
      );
    }
    const score = scores[token];
    scores[token] = score < 0 ? score * penalty : score / penalty;
  }
  return scores;
}

/** The token of the highest score; looks at every score on the way. */
function bestToken(scores: Float32Array): number {
  let best = 0;
  let nWrong = 0;
  let wrong = 0;
  for (let token = 0; token < scores.length; token++) {
    if (scores[token] > scores[best]) best = token;
    if (scores[token] < Number.POSITIVE_INFINITY) continue;
    if (nWrong === 0) wrong = token;
    nWrong++;
  }
  if (nWrong > 0) {
    throw new RangeError(
      `nextToken: expected numbers below Infinity, got ${scores[wrong]} ` +
        `(token ${wrong}; ${nWrong} such of ${scores.length})`,
    );
  }
  if (!(scores[best] > Number.NEGATIVE_INFINITY)) {
    throw new RangeError(
      `nextToken: expected a token that is allowed, ` +
        `got none of ${scores.length}`,
    );
  }
  return best;
}

/** Tokens that may come next and their chances, up to a common factor. */
interface Kept {
  readonly tokens: Int32Array;
  readonly weights: Float64Array;
}

function keptTokens(
  scores: Float32Array,
  best: number,
  { temperature, topK, topP }: Sampling,
): Kept {
  const weigh = (tokens: Int32Array) => {
    const weights = new Float64Array(tokens.length);
    for (let i = 0; i < tokens.length; i++) {
      weights[i] = Math.exp((scores[tokens[i]] - best) / temperature);
    }
    return weights;
  };
  let tokens = new Int32Array(scores.length);
  for (let token = 0; token < tokens.length; token++) tokens[token] = token;
  if (topK > 0 && topK < tokens.length) {
    const amounts = new Float64Array(tokens.length).fill(1);
    tokens = bestTokens(scores, tokens, { amounts, wanted: topK });
  }
  const weights = weigh(tokens);
  if (topP === 1) return { tokens, weights };
  const wanted = topP * sum(weights);
  tokens = bestTokens(scores, tokens, { amounts: weights, wanted });
  return { tokens, weights: weigh(tokens) };
}

/**
 * The fewest best tokens whose amounts reach a sum, in the order of ids.
 *
 * Tokens go into bins of near scores, and only the bin where the sum is
 * reached is sorted, never the vocabulary.
 *
 * @param amounts - one for each of the tokens
 */
function bestTokens(
  scores: Float32Array,
  tokens: Int32Array,
  { amounts, wanted }: { amounts: Float64Array; wanted: number },
) {
  const bins = binsOf(scores, tokens);
  const sums = new Float64Array(nBins);
  for (let i = 0; i < tokens.length; i++) sums[bins[i]] += amounts[i];
  let reached = 0;
  let last = nBins - 1;
  while (last > 0 && reached + sums[last] < wanted) reached += sums[last--];

  const kept: number[] = [];
  const close: number[] = []; // places of tokens in the last bin
  for (let i = 0; i < tokens.length; i++) {
    if (bins[i] > last) kept.push(tokens[i]);
    else if (bins[i] === last) close.push(i);
  }
  const scoreAt = (i: number) => scores[tokens[i]];
  // The difference of two -Infinity is NaN, and the ids decide.
  close.sort((a, b) => scoreAt(b) - scoreAt(a) || tokens[a] - tokens[b]);
  for (const i of close) {
    kept.push(tokens[i]);
    reached += amounts[i];
    if (reached >= wanted) break;
  }
  return Int32Array.from(kept).sort();
}

const nBins = 2 ** 14;

/** Bins in the order of the scores: by sign, exponent and five more bits. */
function binsOf(scores: Float32Array, tokens: Int32Array): Uint16Array {
  const { buffer, byteOffset, length } = scores;
  const bits = new Int32Array(buffer, byteOffset, length);
  const bins = new Uint16Array(tokens.length);
  for (let i = 0; i < tokens.length; i++) {
    const own = bits[tokens[i]];
    // Bits of negative numbers grow downwards, those of -0 from where 0 is.
    const order = own < 0 ? -(own & 0x7fffffff) : own;
    bins[i] = (order >> 18) + nBins / 2;
  }
  return bins;
}

/** In the order in which a draw counts, so that a draw always arrives. */
function sum(weights: Float64Array): number {
  let total = 0;
  for (let i = 0; i < weights.length; i++) total += weights[i];
  return total;
}

function checkSampling(sampling: Sampling): void {
  const { repetitionPenalty, temperature, topK, topP } = sampling;
  const isFine =
    temperature >= 0 &&
    temperature < Number.POSITIVE_INFINITY &&
    Number.isInteger(topK) &&
    topK >= 0 &&
    topP > 0 &&
    topP <= 1 &&
    repetitionPenalty > 0 &&
    repetitionPenalty < Number.POSITIVE_INFINITY;
  if (isFine) return;
  throw new RangeError(
    "nextToken: expected temperature from 0, topK from 0, topP in (0, 1] and " +
      `a penalty above 0, got ${JSON.stringify(sampling)}`,
  );
}
