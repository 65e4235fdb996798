import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  greedy,
  ltuSampling,
  nextToken,
  type Sampling,
} from "../../lib/llm/sample.ts";
import { random } from "../../lib/tensor/random.ts";

/** The same rules, slowly: the kept tokens by id, which is the order of draws. */
function chancesOf(
  logits: Float32Array,
  { repetitionPenalty, temperature, topK, topP }: Sampling,
  seen: readonly number[],
): { token: number; chance: number }[] {
  const scores = Float32Array.from(logits, (score, token) => {
    if (!seen.includes(token)) return score;
    return score > 0 ? score / repetitionPenalty : score * repetitionPenalty;
  });
  const best = Math.max(...scores);
  let kept = Array.from(scores, (score, token) => ({
    token,
    chance: Math.exp((score - best) / temperature),
  }));
  const normalize = () => {
    const total = kept.reduce((sum, { chance }) => sum + chance, 0);
    kept = kept.map(({ chance, token }) => ({ token, chance: chance / total }));
  };
  kept.sort((a, b) => scores[b.token] - scores[a.token] || a.token - b.token);
  if (topK > 0) kept = kept.slice(0, topK);
  normalize();
  if (topP < 1) {
    let before = 0;
    kept = kept.filter(({ chance }) => {
      const isKept = before < topP;
      before += chance;
      return isKept;
    });
    normalize();
  }
  return kept.sort((a, b) => a.token - b.token);
}

/** A stream that always gives this number. */
const always = (number: number) => ({ uniform: () => number });

/** Few different scores, so that ties are common, and some far away. */
const score = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: -8, max: 8 }).map((n) => n / 2) },
  { weight: 1, arbitrary: fc.constantFrom(-0, 1e-9, 1e9, -1e9) },
);
const scores = fc
  .array(score, { minLength: 1, maxLength: 40 })
  .map((logits) => Float32Array.from(logits));

const samplings = fc.record({
  temperature: fc.constantFrom(0.3, 1, 2.5),
  topK: fc.integer({ min: 0, max: 50 }),
  topP: fc.constantFrom(0.013, 0.37, 0.77, 0.951, 1),
  repetitionPenalty: fc.constantFrom(0.5, 1, 1.1, 3),
});

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

describe("nextToken", () => {
  it("draws every token with the chance that the rules give it", () => {
    fc.assert(
      fc.property(
        scores,
        samplings,
        fc.array(place),
        (logits, sampling, at) => {
          const seen = at.map((share) => Math.floor(share * logits.length));
          let below = 0;
          for (const { chance, token } of chancesOf(logits, sampling, seen)) {
            // The two ends of the token's own share of the draws, and no more.
            for (const share of chance > 1e-9 ? [1e-4, 1 - 1e-4] : []) {
              const drawn = nextToken(logits, {
                sampling,
                seen,
                chance: always(1 - (below + share * chance)),
              });
              assert.equal(drawn, token);
            }
            below += chance;
          }
          assert.ok(Math.abs(below - 1) < 1e-9);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("finds a nucleus of many thousand tokens in a large vocabulary", () => {
    const chance = random("flat logits");
    const logits = Float32Array.from({ length: 20_000 }, () =>
      chance.uniform(0, 0.5),
    );
    const sampling = { ...greedy, temperature: 1, topP: 0.7 };
    const kept = chancesOf(logits, sampling, []);
    assert.ok(kept.length > 10_000);
    // The draws go from the first token that is kept to the last.
    const drawn = (number: number) =>
      nextToken(logits, { sampling, chance: always(number) });
    assert.equal(drawn(1 - 1e-9), kept[0].token);
    assert.equal(drawn(1e-9), kept.at(-1)!.token);
  });

  it("draws as often as the chances say", () => {
    const logits = Float32Array.of(2, -1, 0.5, 1, -3, 0);
    const sampling = { ...greedy, temperature: 1.5, repetitionPenalty: 1.2 };
    const chance = random("next token", 7);
    const counts = new Map<number, number>();
    const nDraws = 20_000;
    for (let i = 0; i < nDraws; i++) {
      const token = nextToken(logits, { sampling, seen: [0, 1], chance });
      counts.set(token, (counts.get(token) ?? 0) + 1);
    }
    let chiSquare = 0;
    for (const { chance, token } of chancesOf(logits, sampling, [0, 1])) {
      const expected = nDraws * chance;
      chiSquare += ((counts.get(token) ?? 0) - expected) ** 2 / expected;
    }
    // Five degrees of freedom: one stream in a thousand is above.
    assert.ok(chiSquare < 20.52, `chi-square ${chiSquare}`);
  });

  it("draws the same from streams of the same name", () => {
    const noise = random("logits");
    const logits = Float32Array.from({ length: 1000 }, () => noise.normal());
    const sampling = { ...ltuSampling, temperature: 1 };
    const drawn = (...name: (string | number)[]) => {
      const chance = random(...name);
      const options = { sampling, chance };
      return Array.from({ length: 20 }, () => nextToken(logits, options));
    };
    assert.deepEqual(drawn("answer", 1), drawn("answer", 1));
    assert.notDeepEqual(drawn("answer", 1), drawn("answer", 2));
  });

  it("is greedy at temperature 0, at top-k 1 and at a tiny top-p", () => {
    fc.assert(
      fc.property(scores, place, (logits, u) => {
        const best = logits.indexOf(Math.max(...logits));
        const hot = { ...greedy, temperature: 2 };
        const chance = always(u);
        for (const sampling of [
          greedy,
          { ...hot, topK: 1 },
          { ...hot, topP: 1e-9 },
        ]) {
          assert.equal(nextToken(logits, { sampling, chance }), best);
        }
      }),
    );
  });

  it("divides positive scores by the penalty and multiplies the others", () => {
    const sampling = { ...greedy, repetitionPenalty: 2 };
    const best = (logits: readonly number[], seen: readonly number[]) =>
      nextToken(Float32Array.from(logits), { sampling, seen });
    assert.equal(best([4, 2.5], [0]), 1);
    assert.equal(best([4, 1.5], [0]), 0);
    assert.equal(best([-1, -1.5], [0]), 1);
    assert.equal(best([-1, -2.5], [0]), 0);
    // Once, however often the token was there.
    assert.equal(best([4, 1.5], [0, 0, 0]), 0);
  });

  it("reads one row of a larger array", () => {
    const rows = Float32Array.of(9, 8, 7, -1, 5, -2);
    const sampling = { ...greedy, temperature: 1, topK: 1 };
    const row = rows.subarray(3);
    assert.equal(nextToken(row, { sampling, chance: always(0.5) }), 1);
  });

  it("leaves the logits as they were", () => {
    const logits = Float32Array.of(1, 2, 3);
    const chance = random("kept");
    nextToken(logits, { sampling: ltuSampling, seen: [0, 1, 2], chance });
    assert.deepEqual(logits, Float32Array.of(1, 2, 3));
  });

  it("never draws a forbidden token", () => {
    const never = Number.NEGATIVE_INFINITY;
    const logits = Float32Array.of(never, 0, never, 0, never);
    for (const [topK, topP] of [
      [0, 1],
      [4, 1],
      [0, 0.99],
    ]) {
      for (const u of [0, 0.5, 1 - 2 ** -53]) {
        const sampling = { ...greedy, temperature: 1, topK, topP };
        const token = nextToken(logits, { sampling, chance: always(u) });
        assert.ok(token === 1 || token === 3, `token ${token}`);
      }
    }
    assert.throws(
      () => nextToken(Float32Array.of(never, never), { sampling: greedy }),
      { message: "nextToken: expected a token that is allowed, got none of 2" },
    );
  });

  it("refuses logits that are no numbers and says where", () => {
    const logits = Float32Array.of(1, Number.NaN, 2, Number.NaN);
    assert.throws(() => nextToken(logits, { sampling: greedy }), {
      name: "RangeError",
      message:
        "nextToken: expected numbers below Infinity, " +
        "got NaN (token 1; 2 such of 4)",
    });
    assert.throws(
      () => nextToken(Float32Array.of(Infinity), { sampling: greedy }),
      /got Infinity \(token 0; 1 such of 1\)/,
    );
    assert.throws(
      () => nextToken(new Float32Array(0), { sampling: greedy }),
      /expected a token that is allowed, got none of 0/,
    );
  });

  it("refuses settings out of range, strange tokens and no chance", () => {
    const logits = Float32Array.of(1, 2);
    const chance = random("refused");
    for (const change of [
      { temperature: -1 },
      { temperature: Number.NaN },
      { topK: 2.5 },
      { topK: -1 },
      { topP: 0 },
      { topP: 1.1 },
      { repetitionPenalty: 0 },
    ]) {
      const sampling = { ...ltuSampling, ...change };
      assert.throws(() => nextToken(logits, { sampling, chance }), {
        name: "RangeError",
        message: /^nextToken: expected temperature from 0, /,
      });
    }
    assert.throws(
      () => nextToken(logits, { sampling: ltuSampling, seen: [2], chance }),
      /expected seen tokens below 2, got 2/,
    );
    assert.throws(() => nextToken(logits, { sampling: ltuSampling }), {
      name: "TypeError",
      message: /expected a stream of chance for temperature 0.1, got none/,
    });
  });
});

it("ltuSampling has LTU's numbers", () => {
  // reference/paper-facts.md, 3.1
  assert.deepEqual(ltuSampling, {
    temperature: 0.1,
    topK: 500,
    topP: 0.95,
    repetitionPenalty: 1.1,
  });
});
