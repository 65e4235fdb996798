import type { StoredTensor, TensorInfo } from "../checkpoint/checkpoint.ts";

/** A number as JSON has it; those it has not are words. */
export type JsonNumber = number | "NaN" | "Infinity" | "-Infinity";

/** What is said of one tensor; null where it has no number. */
export interface Inspected {
  readonly name: string;
  /** As safetensors calls it. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** "NaN", like `max` and `mean`, where any number is none. */
  readonly min: JsonNumber | null;
  readonly max: JsonNumber | null;
  readonly mean: JsonNumber | null;
  /** The first ones, row by row. */
  readonly values: readonly JsonNumber[];
}

/** A tensor's type, shape, bounds and mean, and its first numbers. */
export function inspectTensor(
  name: string,
  { dtype, shape }: TensorInfo,
  { values, first }: Pick<StoredTensor, "values"> & { readonly first: number },
): Inspected {
  const start = Array.from(values.subarray(0, first), jsonNumber);
  const facts = { name, dtype, shape };
  if (values.length === 0) {
    return { ...facts, min: null, max: null, mean: null, values: start };
  }
  const { max, min, sum } = boundsOf(values);
  return {
    ...facts,
    min: jsonNumber(min),
    max: jsonNumber(max),
    mean: jsonNumber(sum / values.length),
    values: start,
  };
}

/** A NaN is handed on, as PyTorch and NumPy do. */
function boundsOf(values: StoredTensor["values"]) {
  let [min, max, sum] = [values[0], values[0], 0];
  let hasNaN = false;
  // Math.min and max in a loop take three times as long.
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value < min) min = value;
    if (value > max) max = value;
    hasNaN ||= Number.isNaN(value);
    sum += value;
  }
  const bounds = hasNaN ? [Number.NaN, Number.NaN] : [min, max];
  return { min: bounds[0], max: bounds[1], sum };
}

function jsonNumber(value: number): JsonNumber {
  return Number.isFinite(value) ? value : (String(value) as JsonNumber);
}
