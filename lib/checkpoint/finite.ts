/** @throws RangeError for a number that is infinite or none */
export function checkFinite(
  caller: string,
  values: Float32Array | Int32Array,
  where: string,
): void {
  let sum = 0; // stays 0 unless a number is infinite or none
  for (let i = 0; i < values.length; i++) sum += 0 * values[i];
  if (sum === 0) return;
  const bad = values.find((value) => !Number.isFinite(value));
  throw new RangeError(
    `${caller}: expected finite numbers, got ${bad} ${where}`,
  );
}
