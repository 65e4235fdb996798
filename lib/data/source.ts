import { random } from "../tensor/random.ts";
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

/**
 * A list of examples again and again, each time in another order.
 *
 * @throws RangeError for an empty list
 */
export function listSource(
  examples: readonly Example[],
  { seed }: { readonly seed: number },
): ExampleSource {
  const { length } = examples;
  if (length === 0) {
    throw new RangeError("listSource: expected examples, got none");
  }
  let known: { epoch: number; order: readonly Example[] } | undefined;
  const orderOf = (epoch: number): readonly Example[] => {
    if (known?.epoch !== epoch) {
      const order = random("examples", seed, epoch).shuffle(examples);
      known = { epoch, order };
    }
    return known.order;
  };
  return {
    take: async (from, count) => {
      checkPlace("take", from, count);
      return Array.from({ length: count }, (_, i) => {
        const place = from + i;
        return orderOf(Math.floor(place / length))[place % length];
      });
    },
  };
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
