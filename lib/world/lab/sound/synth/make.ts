import { between, type Played } from "./parts.ts";

/**
 * Where a synthesised sound comes from: as two SoundFonts are related and a
 * third is not, `near` and `far` differ in the ranges their sizes are drawn
 * from, which do not overlap.
 */
export type Make = "near" | "far";

export type Synthesiser = (played: Played, make: Make) => Float32Array;

/** Draws from the make's own range: the far one lies beyond the near one. */
export function drawn(
  { chance }: Pick<Played, "chance">,
  make: Make,
  near: readonly [number, number],
  far: readonly [number, number],
): number {
  const [low, high] = make === "near" ? near : far;
  return between(low, high, chance.uniform());
}
