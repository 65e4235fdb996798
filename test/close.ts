import assert from "node:assert/strict";
import type { Tensor } from "@tensorflow/tfjs";

type Numbers = Tensor | ArrayLike<number>;

const numbersOf = (x: Numbers): ArrayLike<number> =>
  "dataSync" in x ? x.dataSync() : x;

/** Asserts |actual - expected| <= atol + rtol * |expected|, place by place. */
export function assertClose(
  actual: Numbers,
  expected: Numbers,
  { atol = 1e-5, rtol = 0 }: { atol?: number; rtol?: number } = {},
): void {
  const [got, wanted] = [numbersOf(actual), numbersOf(expected)];
  assert.equal(got.length, wanted.length, "lengths differ");
  let worst = 0;
  let at = -1;
  for (let i = 0; i < wanted.length; i++) {
    const excess = Math.abs(got[i] - wanted[i]) - rtol * Math.abs(wanted[i]);
    // Written so that NaN fails.
    if (!(excess <= worst)) [worst, at] = [excess, i];
  }
  assert.ok(
    worst <= atol,
    `expected ${wanted[at]} at ${at}, got ${got[at]} (off by ${worst})`,
  );
}

/** Largest difference of two results, for laws that something changed. */
export function distance(a: Numbers, b: Numbers): number {
  const [x, y] = [numbersOf(a), numbersOf(b)];
  let most = 0;
  for (let i = 0; i < x.length; i++) {
    most = Math.max(most, Math.abs(x[i] - y[i]));
  }
  return most;
}
