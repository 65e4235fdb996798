import type { LlamaConfig } from "../../../llm/config.ts";
import type { Schedule } from "../../../train/schedule.ts";
import { vocabularySize } from "../words/tokenizer.ts";

/**
 * The lab's language model: Llama's code, 8 layers (so that a fusion layer is a
 * choice) of few wide heads, 1.6 M parameters.
 */
export const labLlama: LlamaConfig = {
  name: "lab-xs",
  nLayers: 8,
  width: 128,
  ffnWidth: 352,
  nHeads: 2,
  nKvHeads: 2,
  headWidth: 64,
  vocabularySize,
  contextLength: 256,
  rope: { theta: 10_000 },
  normEpsilon: 1e-5,
};

/** How it learns from its texts. */
export interface PretrainingSize {
  readonly batchSize: number;
  readonly schedule: Schedule;
}

export const pretrainingSizes = {
  smoke: {
    batchSize: 8,
    schedule: { steps: 4, peakLearningRate: 3e-3, warmupRatio: 0.05 },
  },
  lab: {
    batchSize: 64,
    schedule: { steps: 3000, peakLearningRate: 3e-3, warmupRatio: 0.05 },
  },
} as const satisfies Record<string, PretrainingSize>;
