import * as half from "../tensor/half.ts";

export { fromHalf } from "../tensor/half.ts";

/** How the numbers of a feature are kept. */
export type Precision = "float16" | "float32";

/** Bytes of one number. */
export const bytesOf = { float16: 2, float32: 4 } as const;

/** float16 bits of features; what float16 can not hold is refused. */
export function toHalf(values: Float32Array): Uint16Array<ArrayBuffer> {
  return half.toHalf(values, (at) => refuse(values, at));
}

/** Refuses features with a number that is not one. */
export function checkFinite(values: Float32Array): void {
  for (let i = 0; i < values.length; i++) {
    // Infinities and NaN are what x - x is not 0 for.
    if (values[i] - values[i] !== 0) refuse(values, i);
  }
}

function refuse(values: Float32Array, at: number): never {
  const value = values[at];
  throw new RangeError(
    Number.isFinite(value)
      ? `write: expected features within ±${half.tooLarge} for float16, ` +
          `got ${value} (number ${at}); keep these features in float32`
      : `write: expected finite features, got ${value} (number ${at})`,
  );
}
