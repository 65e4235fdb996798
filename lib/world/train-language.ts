import type { Llama } from "../llm/llama.ts";
import { disposeTensors } from "../tensor/params.ts";
import { hashOf, hashOfTensors, plainOf } from "../train/run/identity.ts";
import { runTraining } from "../train/run/run-training.ts";
import { openWeights, saveWeights, weightsBy } from "../train/run/weights.ts";
import type { TrainOptions } from "../train/training.ts";
import {
  documentsOf,
  type LanguageModelPlan,
  languageModelTraining,
  startLanguageModel,
} from "./toy/language-model.ts";

export interface TrainLanguageOptions extends TrainOptions {
  /** Its own. */
  readonly folder: string;
  readonly scale: string;
  /** The library's version. */
  readonly library: string;
  /** Steps between checkpoints. */
  readonly saveEvery: number;
  readonly report: (line: string) => void;
}

/**
 * The language model that stands in for Llama, the caller's: learned once, as a
 * run that can be stopped, then read.
 *
 * @throws Error for a damaged file; RangeError for another scale's
 */
export async function trainLanguage(
  plan: LanguageModelPlan,
  { folder, library, scale, ...options }: TrainLanguageOptions,
): Promise<Llama> {
  const { batchSize, schedule, tokenizer: _, ...sizes } = plan;
  const settings = plainOf({ ...sizes, batchSize, schedule });
  const start = startLanguageModel(plan);
  const identity = {
    ...{ design: "none", stage: "language-model", scale, library },
    seed: plan.seed,
    manifest: "none: code writes the documents",
    config: hashOf(settings),
    start: hashOfTensors(start),
  };
  const place = { folder, identity, settings };
  try {
    const known = await weightsBy(place, schedule);
    if (known) return await openWeights(known, start, identity);
    options.report("train: learns the language model that stands in for Llama");
    const weights = await runTraining(
      languageModelTraining(plan, start),
      {
        ...{ ...options, ...place, batchSize },
        batchOf: async (step) => documentsOf(plan, step * batchSize),
        lighter: "lower the language model's batchSize, in another folder",
      },
      (llama) => saveWeights(folder, llama, identity),
    );
    return await openWeights(weights, start, identity);
  } finally {
    disposeTensors(start);
  }
}
