import { type OrderOptions, orderedSource } from "../../data/ordered.ts";
import type { EncoderSizes } from "../../encoder/encoder.ts";
import { featuresInMemory } from "../../features/features.ts";
import type { Workplace } from "../../threads/workplace.ts";
import type { Ingredients } from "../../train/ahead/make.ts";
import type { ClipPlan } from "./clips.ts";
import { comparisonSetting, toyWriter } from "./setting.ts";
import { toyRows } from "./source.ts";

/** What a stage's batches are made of, as data that any thread can be given. */
export interface ToyStage {
  readonly plans: readonly ClipPlan[];
  readonly rows: Parameters<typeof toyRows>[1];
  readonly order: OrderOptions;
  readonly encoder: EncoderSizes;
  /** Clip after clip, in the order of the plans. */
  readonly features: Float32Array;
}

/** A stage's questions and sounds, in whatever thread. */
export function openToyStage(stage: ToyStage): Ingredients {
  const { encoder, features, order, plans, rows } = stage;
  const audio = plans.map(({ name }) => name);
  return {
    source: orderedSource(toyRows(plans, rows), order),
    sounds: featuresInMemory([{ encoder, audio, features }]),
    writer: toyWriter(comparisonSetting()),
  };
}

/** Where a thread opens a stage. */
export const toyStageWorkplace = (stage: ToyStage): Workplace => ({
  module: import.meta.url,
  name: openToyStage.name,
  given: stage,
});
