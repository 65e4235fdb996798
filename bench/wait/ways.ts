import type { ClipPlan } from "../../lib/world/toy/clips.ts";

/**
 * Where features come from: memory, or SSLAM's network as batches are made, on
 * the main thread or with an engine of its own in each worker.
 */
export type Road = "cached" | "on the fly" | "on the fly, network in threads";

/** Who makes batches: the step itself, the main thread ahead, or threads. */
export type Who = "the step" | "between steps" | 1 | 2;

export interface Way {
  readonly road: Road;
  readonly who: Who;
}

export const ways: readonly Way[] = [
  ...(["the step", "between steps", 1, 2] as const).map((who) => ({
    road: "cached" as const,
    who,
  })),
  ...(["the step", "between steps", 1, 2] as const).map((who) => ({
    road: "on the fly" as const,
    who,
  })),
  ...(["the step", 1, 2] as const).map((who) => ({
    road: "on the fly, network in threads" as const,
    who,
  })),
];

/** Steps that are counted, and those before them, which record graphs. */
export const stepsOf = (road: Road) =>
  road === "cached" ? { warmUp: 10, counted: 60 } : { warmUp: 4, counted: 10 };

/** What there is to train on, beside the file of features. */
export interface World {
  readonly plans: readonly ClipPlan[];
  /** Of the plans' clips, rendered: in their order, as far as they are heard. */
  readonly paths: Readonly<Record<string, string>>;
  /** float32 numbers, clip after clip. */
  readonly features: string;
}

/** What a child process is asked, as JSON. */
export interface Question extends Way {
  /** Path of a `World` as JSON. */
  readonly world: string;
}

/** What it answers with, as JSON. */
export interface Measurement {
  readonly description: string;
  readonly making: string;
  readonly losses: readonly number[];
  /** Milliseconds of each counted step: how long it waited, and took in all. */
  readonly waits: readonly number[];
  readonly steps: readonly number[];
  /** Of the processor in the counted steps, all threads together; ms a step. */
  readonly processor: number;
  /** Most memory that the process held. */
  readonly peakGiB: number;
}
