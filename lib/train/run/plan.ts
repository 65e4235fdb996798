import type { ExampleSource } from "../../data/source.ts";
import type { AudioLlm } from "../../pal/run/audio-llm.ts";
import type { DesignPlan } from "../design.ts";
import type { Stage } from "../stage.ts";
import type { TrainOptions, TrainReport } from "../training.ts";

/** A design on its way through stages, in one folder. */
export interface Curriculum
  extends Pick<DesignPlan, "config" | "features" | "writer" | "lengths"> {
  /** All stages, in order; which of them are run is asked apart. */
  readonly stages: readonly Stage[];
  /** A stage's examples: as many rows an epoch as the stage has. */
  readonly sourceOf: (stage: Stage) => ExampleSource;
  /** Makes or reads what stage 1 starts from: asked for when nobody else is. */
  readonly start: () => Promise<AudioLlm>;
  readonly scale: string;
  readonly seed: number;
  /** Hash of what is learned from. */
  readonly manifest: string;
}

export interface CurriculumOptions extends Pick<TrainOptions, "signal"> {
  /** The run's own; made if it is not there. */
  readonly folder: string;
  /** Numbers of the stages to run. */
  readonly asked: readonly number[];
  /** Steps between checkpoints; not in the paper. */
  readonly saveEvery: number;
  readonly report: (line: string) => void;
  readonly onStep?: (report: TrainReport & { readonly stage: number }) => void;
}
