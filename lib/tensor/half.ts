/** The least magnitude that rounds beyond float16's largest number, 65504. */
export const tooLarge = 65_520;

/**
 * float16 bits of float32 numbers, rounded to the nearest, ties to even.
 *
 * Nothing saturates: a number that would become infinite, and one that is not
 * finite, is refused.
 *
 * @param refuse - throws, told the place of the number
 */
export function toHalf(
  values: Float32Array,
  refuse: (at: number) => never,
): Uint16Array<ArrayBuffer> {
  const halves = new Uint16Array(values.length);
  const { buffer, byteOffset, length } = values;
  const all = new Int32Array(buffer, byteOffset, length);
  for (let i = 0; i < length; i++) {
    const bits = all[i];
    const sign = (bits >>> 16) & 0x8000;
    const magnitude = bits & 0x7fffffff;
    if (magnitude >= smallestNormal) {
      if (magnitude >= overflow) refuse(i);
      // Exponent from bias 127 to 15; the carry of the rounding may raise it.
      const odd = (magnitude >>> 13) & 1;
      halves[i] = sign | ((magnitude - rebias + 0xfff + odd) >>> 13);
    } else {
      halves[i] = sign | subnormal(magnitude);
    }
  }
  return halves;
}

const bitsOf = (value: number) =>
  new Int32Array(Float32Array.of(value).buffer)[0];
const smallestNormal = bitsOf(2 ** -14);
const overflow = bitsOf(tooLarge);
const rebias = (127 - 15) << 23;

/** Multiples of 2^-24, which is what float16 has below 2^-14. */
function subnormal(magnitude: number): number {
  const shift = 126 - (magnitude >>> 23);
  if (shift > 24) return 0; // less than half of 2^-24
  const fraction = (magnitude & 0x7fffff) | 0x800000;
  const whole = fraction >>> shift;
  const rest = fraction & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  const up = rest > middle || (rest === middle && whole & 1);
  return whole + (up ? 1 : 0);
}

/** The float32 numbers of finite float16 bits; exact. */
export function fromHalf(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(halves.length);
  const all = new Int32Array(values.buffer);
  for (let i = 0; i < halves.length; i++) {
    const magnitude = halves[i] & 0x7fff;
    const sign = halves[i] & 0x8000;
    if (magnitude >= 0x400) {
      all[i] = (sign << 16) | ((magnitude << 13) + rebias);
    } else {
      values[i] = (sign ? -1 : 1) * magnitude * 2 ** -24;
    }
  }
  return values;
}
