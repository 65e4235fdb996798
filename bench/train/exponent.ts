/** p of y ~ x^p, by least squares on a logarithmic scale. */
export function exponentOf(
  xs: readonly number[],
  ys: readonly number[],
): number {
  const [u, v] = [xs, ys].map((numbers) => centered(numbers.map(Math.log)));
  const sum = (product: (i: number) => number) =>
    u.reduce((total, _, i) => total + product(i), 0);
  return sum((i) => u[i] * v[i]) / sum((i) => u[i] * u[i]);
}

function centered(numbers: readonly number[]): number[] {
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  return numbers.map((x) => x - mean);
}
