import type { Random } from "../../lib/tensor/random.ts";

/** A valid input, from which damaged ones are made. */
export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** An input, and what it was made from. */
export interface Input extends Seed {
  /** Whether the bytes are the seed's own. */
  readonly isIntact: boolean;
}

/** A kind of input is data: another one is an object in a list. */
export interface Kind {
  readonly name: string;
  /** Valid inputs, the same ones at every call. */
  readonly seeds: () => readonly Seed[];
  /** Damages a seed; the same chance gives the same bytes. */
  readonly mutate: (bytes: Uint8Array, chance: Random) => Uint8Array;
  /**
   * Reads an input. Throws what the reader throws; gives what is wrong with
   * what the reader made of it, or nothing.
   */
  readonly judge: (input: Input) => Promise<string | undefined>;
  /** Refusals in our words, where they begin otherwise than most. */
  readonly refusal?: RegExp;
}
