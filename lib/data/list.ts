import type { Example } from "./example.ts";
import { type OrderOptions, orderedSource } from "./ordered.ts";
import type { ExampleSource } from "./source.ts";

/**
 * A list of examples again and again, each time in another order.
 *
 * @throws RangeError for an empty list
 */
export function listSource(
  examples: readonly Example[],
  options: OrderOptions,
): ExampleSource {
  const { length } = examples;
  if (length === 0) {
    throw new RangeError("listSource: expected examples, got none");
  }
  const read = async (rows: readonly number[]) =>
    rows.map((row) => examples[row]);
  return orderedSource({ length, read }, options);
}
