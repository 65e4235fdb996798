/** Which scores a loss reads, as plain numbers: X of B * T. */
export interface PlainScored {
  /** Places in the batch, row after row. */
  readonly at: Int32Array;
  /** The token that follows there. */
  readonly target: Int32Array;
  /** What it counts; 0 fills up. */
  readonly weight: Float32Array;
}

/**
 * The places before tokens that count: the one before the answer's first
 * token, and so on.
 *
 * @param tokens - B rows of T ids
 * @param weights - what each of these tokens counts; 0 leaves it out
 * @param perRow - places for each row; a row with fewer is filled up
 */
export function plainScored(
  tokens: ArrayLike<number>,
  weights: ArrayLike<number>,
  { B, perRow, T }: { readonly B: number; T: number; perRow: number },
): PlainScored {
  const at: number[] = [];
  const weight: number[] = [];
  for (let row = 0; row < B; row++) {
    const from = row * T;
    const counted = Array.from({ length: T - 1 }, (_, i) => from + i).filter(
      (place) => weights[place + 1] !== 0,
    );
    if (counted.length > perRow) {
      throw new RangeError(
        `scoredPlaces: expected at most ${perRow} tokens that count, ` +
          `got ${counted.length} (row ${row})`,
      );
    }
    while (counted.length < perRow) counted.push(-1);
    at.push(...counted.map((place) => Math.max(place, from)));
    weight.push(
      ...counted.map((place) => (place < 0 ? 0 : weights[place + 1])),
    );
  }
  return {
    at: Int32Array.from(at),
    target: Int32Array.from(at, (place) => tokens[place + 1]),
    weight: Float32Array.from(weight),
  };
}
