import type { Example } from "./example.ts";

/**
 * Examples in an order without end that follows from a seed.
 *
 * Nothing in it moves: a place is a number, so a run goes on where it stood,
 * and every design can be given the same examples.
 */
export interface ExampleSource {
  /** Examples `from` to `from + count - 1` of the order. */
  take(from: number, count: number): Promise<readonly Example[]>;
}

/** @throws RangeError for a place that no order has */
export function checkPlace(caller: string, from: number, count: number): void {
  const isPlace = (n: number) => Number.isSafeInteger(n) && n >= 0;
  if (isPlace(from) && isPlace(count)) return;
  throw new RangeError(
    `${caller}: expected whole numbers from 0, got place ${from} ` +
      `and ${count} examples`,
  );
}
