import type { CurriculumOptions } from "../train/run/plan.ts";
import type { TrainScale } from "../world/training-world.ts";

/** What a process is started for: a grid, whose runs it will be asked for. */
export interface GridOrder {
  readonly designs: readonly string[];
  readonly seeds: readonly number[];
  readonly stages: readonly number[];
  readonly scale: TrainScale;
  readonly folder: string;
}

/** A run, by what differs. */
export interface RunName {
  readonly design: string;
  readonly seed: number;
}

export type Told = Parameters<NonNullable<CurriculumOptions["onStep"]>>[0];

/** What the process that began it asks. */
export type Ask =
  | { readonly kind: "train"; readonly run: RunName }
  | { readonly kind: "stop" };

/** What it is told, while it waits and at the end. */
export type Tell =
  | { readonly kind: "line"; readonly line: string }
  | { readonly kind: "begin"; readonly run: RunName }
  | { readonly kind: "step"; readonly run: RunName; readonly told: Told }
  | Answer;

/** The one answer to being started, and to being asked for a run. */
export type Answer =
  | { readonly kind: "done" }
  | {
      readonly kind: "busy" | "failed";
      readonly message: string;
    };
