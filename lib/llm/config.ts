/** Sizes of a Llama-style language model. */
export interface LlamaConfig {
  readonly name: string;
  readonly nLayers: number;
  /** Of the residual stream, D. */
  readonly width: number;
  /** Of the FFN's hidden layer, W. */
  readonly ffnWidth: number;
  readonly nHeads: number;
  /** Key/value heads; each serves nHeads / nKvHeads query heads. */
  readonly nKvHeads: number;
  readonly headWidth: number;
  readonly vocabularySize: number;
  /** Most positions of a sequence, audio's included. */
  readonly contextLength: number;
  readonly rope: RopeConfig;
  readonly normEpsilon: number;
  /** Whether tokens are read out by a table of their own; default false. */
  readonly hasUnembedding?: boolean;
}

/** A model's sizes by axis letter, as in shape suffixes. */
export function lettersOf({
  ffnWidth: W,
  headWidth: H,
  nHeads: N,
  nKvHeads: K,
  vocabularySize: V,
  width: D,
}: LlamaConfig) {
  return { D, H, K, N, V, W };
}

/** How positions turn into angles. */
export interface RopeConfig {
  readonly theta: number;
  /** Divides every angle, as positions that stand closer together do. */
  readonly divisor?: number;
  /** Llama 3's stretch of the slow angles to longer texts. */
  readonly scaling?: {
    readonly factor: number;
    readonly lowFrequencyFactor: number;
    readonly highFrequencyFactor: number;
    readonly originalLength: number; // positions
  };
}

/** Meta's Llama 3.2 1B, the language model of the paper (section 4.4). */
export const llama32_1b: LlamaConfig = {
  name: "llama-3.2-1b",
  nLayers: 16,
  width: 2048,
  ffnWidth: 8192,
  nHeads: 32,
  nKvHeads: 8,
  headWidth: 64,
  vocabularySize: 128_256,
  contextLength: 131_072,
  rope: {
    theta: 500_000,
    scaling: {
      factor: 32,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalLength: 8192,
    },
  },
  normEpsilon: 1e-5,
};

/**
 * The small model that the first notebook trains on its own text.
 *
 * A two-thousandth of the paper's model; its vocabulary comes from the
 * tokenizer.
 */
export const toyLlama: Omit<LlamaConfig, "vocabularySize"> = {
  name: "toy-llama",
  nLayers: 6,
  width: 96,
  ffnWidth: 256,
  nHeads: 4,
  nKvHeads: 2,
  headWidth: 24,
  contextLength: 2048,
  rope: { theta: 10_000 },
  normEpsilon: 1e-5,
};
