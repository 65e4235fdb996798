import { type LlamaConfig, llama32_1b } from "../../lib/llm/config.ts";

/** The sizes of SmolLM2-135M. */
const smol135m: LlamaConfig = {
  name: "135M",
  nLayers: 30,
  width: 576,
  ffnWidth: 1536,
  nHeads: 9,
  nKvHeads: 3,
  headWidth: 64,
  vocabularySize: 49_152,
  contextLength: 8192,
  rope: { theta: 100_000 },
  normEpsilon: 1e-5,
};

export const sizes: readonly LlamaConfig[] = [
  smol135m,
  { ...llama32_1b, name: "1.24G" },
];

export interface Task {
  /** Where the weights are, in Hugging Face's form. */
  readonly folder: string;
  readonly dtype: "float32" | "bfloat16";
  readonly prompt: readonly number[];
  readonly nNew: number;
}

/** What a contender's process prints as JSON. */
export interface Measurement {
  readonly description: string;
  readonly tokens: readonly number[];
  /** Milliseconds of each token after the first, which has the prompt. */
  readonly times: readonly number[];
  readonly parameters: number;
  /** Of the whole process, loading included, and of generation alone. */
  readonly peakGiB: number;
  readonly generatingGiB: number;
  /** GB/s of a sum over 512 MiB, before and after; ours alone measures it. */
  readonly bandwidths?: readonly number[];
}
