/**
 * Mean over neighbors on both sides; weights fall to 1/e^2 at `reach`.
 *
 * Near the start both sides are shortened alike: a loss falls steeply there,
 * and neighbors on one side alone would bend it.
 */
export function smooth(values: readonly number[], reach: number): number[] {
  const furthest = Math.ceil(1.5 * reach);
  const weightAt = (distance: number) =>
    reach === 0 ? 1 : Math.exp(-2 * (distance / reach) ** 2);
  return values.map((_, at) => {
    const before = Math.min(furthest, at);
    const end = Math.min(at + before, values.length - 1);
    let sum = 0;
    let total = 0;
    for (let i = at - before; i <= end; i++) {
      const weight = weightAt(i - at);
      sum += weight * values[i];
      total += weight;
    }
    return sum / total;
  });
}

/** Means of neighbors, so that no more than `most` values are left. */
export function thin(values: readonly number[], most: number): number[] {
  const group = Math.ceil(values.length / most);
  return Array.from({ length: Math.ceil(values.length / group) }, (_, i) => {
    const part = values.slice(i * group, (i + 1) * group);
    const mean = part.reduce((sum, value) => sum + value, 0) / part.length;
    return Number(mean.toPrecision(5));
  });
}

/** As many decimals as tell neighboring ticks apart, the same on each. */
export function tickFormat([low, high]: readonly [number, number]): string {
  const digits = Math.ceil(-Math.log10((high - low) / 4));
  return digits > 0 ? `.${digits}f` : "";
}
