import type { LlamaConfig } from "../../lib/llm/config.ts";
import type { Part } from "./parts.ts";

/** A language model and the batch it trains on: B texts of T tokens. */
export interface Size {
  readonly name: string;
  readonly llama: LlamaConfig;
  readonly B: number;
  readonly T: number;
}

const common = {
  vocabularySize: 1024,
  contextLength: 512,
  rope: { theta: 10_000 },
  normEpsilon: 1e-5,
};

export const sizes: readonly Size[] = [
  {
    name: "1M",
    llama: {
      ...common,
      name: "bench-1m",
      nLayers: 4,
      width: 128,
      ffnWidth: 384,
      nHeads: 4,
      nKvHeads: 4,
      headWidth: 32,
    },
    B: 8,
    T: 48,
  },
  {
    name: "7M",
    llama: {
      ...common,
      name: "bench-7m",
      nLayers: 8,
      width: 256,
      ffnWidth: 704,
      nHeads: 8,
      nKvHeads: 8,
      headWidth: 32,
    },
    B: 16,
    T: 64,
  },
];

/** How a step runs: op by op, or as a whole in one of the ways to do so. */
export type Mode =
  | "eager"
  | "graph"
  | "graph + XLA"
  | "torch.compile"
  | "jax.jit";

/** Contenders that are not ours. */
export const peers: readonly string[] = ["PyTorch", "JAX"];

/** What a child process measures; it answers with `Measurement` as JSON. */
export type Task =
  | { readonly kind: "matmul"; readonly n: number; readonly repeats: number }
  | {
      readonly kind: "train";
      readonly size: Size;
      readonly mode: Mode;
      readonly warmUp: number;
      readonly steps: number;
    }
  | {
      /** A part of a step alone. */
      readonly kind: "part";
      readonly part: Part;
      readonly size: Size;
      readonly mode: Mode;
      readonly repeats: number;
    };

export interface Measurement {
  readonly description: string;
  /** Milliseconds of each repeat after warming up. */
  readonly times: readonly number[];
  /** Of the first step, to check that all train the same model. */
  readonly firstLoss?: number;
}

/** Multiply-adds count as two; the loss, norms and optimizer are left out. */
export function flopsOf(task: Task): number {
  if (task.kind === "matmul") return 2 * task.n ** 3;
  const { B, T, llama } = task.size;
  const { ffnWidth: W, nLayers, vocabularySize: V, width: D } = llama;
  const weights = nLayers * (4 * D * D + 3 * D * W) + V * D;
  const attention = nLayers * 2 * T * D; // per token: scores and mixing
  // Forward once, backward twice.
  return 3 * 2 * B * T * (weights + attention);
}
