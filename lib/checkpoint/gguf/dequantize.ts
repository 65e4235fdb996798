import { halfNumbers } from "../numbers.ts";

/** Writes the numbers of whole blocks from `at` on. */
export type Dequantize = (
  blocks: Uint8Array,
  out: Float32Array,
  at: number,
) => void;

/** Quantised types that are read here, by their names. */
export const dequantizers: Readonly<Record<string, Dequantize>> = {
  Q4_1: dequantizeQ4x1,
  Q8_0: dequantizeQ8x0,
};

/** Numbers of a block, in both types. */
const block = 32;

/**
 * 20 bytes: scale and least number as halves, then 16 bytes of four bits each:
 * the low ones are the block's first half.
 */
function dequantizeQ4x1(
  blocks: Uint8Array,
  out: Float32Array,
  at: number,
): void {
  const halves = halfNumbers();
  for (let from = 0; from < blocks.length; from += 20, at += block) {
    const scale = halves[blocks[from] | (blocks[from + 1] << 8)];
    const least = halves[blocks[from + 2] | (blocks[from + 3] << 8)];
    for (let i = 0; i < block / 2; i++) {
      const both = blocks[from + 4 + i];
      // Exact in 64 bits, so that only the store rounds, to float32.
      out[at + i] = scale * (both & 15) + least;
      out[at + i + block / 2] = scale * (both >> 4) + least;
    }
  }
}

/** 34 bytes: the scale as a half, then 32 whole numbers of 8 bits. */
function dequantizeQ8x0(
  blocks: Uint8Array,
  out: Float32Array,
  at: number,
): void {
  const halves = halfNumbers();
  for (let from = 0; from < blocks.length; from += 34, at += block) {
    const scale = halves[blocks[from] | (blocks[from + 1] << 8)];
    for (let i = 0; i < block; i++) {
      out[at + i] = scale * ((blocks[from + 2 + i] << 24) >> 24);
    }
  }
}
