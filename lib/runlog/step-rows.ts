import { existsSync } from "node:fs";
import { join } from "node:path";
import { readMetrics } from "./metrics.ts";
import { readRun } from "./record.ts";

/** A step of a run, as figures take it. */
export interface StepRow {
  readonly design: string;
  readonly seed: number;
  /** From 1. */
  readonly step: number;
  /** The loss, in nats per token. */
  readonly value: number;
  readonly rate: number;
  /** Norm of the whole gradient before clipping. */
  readonly gradient: number;
}

/**
 * The steps of the run in a folder, up to the latest that is saved: those that
 * stay when it goes on. None where no run has begun.
 */
export function stepRows(folder: string): StepRow[] {
  const path = join(folder, "run.json");
  if (!existsSync(path)) return [];
  const { design, seed, steps } = readRun(path);
  return readMetrics(join(folder, "metrics.jsonl"))
    .slice(0, steps)
    .map(({ gradientNorms, loss, rate, step }) => ({
      ...{ design, seed, step, rate },
      value: loss,
      gradient: Math.hypot(...Object.values(gradientNorms)),
    }));
}
