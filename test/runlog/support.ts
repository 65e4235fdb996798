import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import type { Engine } from "../../lib/engine/engine.ts";
import type { StepMetrics } from "../../lib/runlog/metrics.ts";
import type { RunHeader } from "../../lib/runlog/record.ts";
import { openRunLog, type RunLog } from "../../lib/runlog/run-log.ts";

/** An engine by what a record takes of it. */
export const engine: Engine = {
  name: "wasm",
  description: "tfjs wasm 4.22.0, 2 threads",
  compiles: false,
  numerics: {
    processor: "A | Processor",
    instructions: "x64",
    threads: 2,
    oneDnn: "absent",
    isPortable: false,
  },
};

export const header: RunHeader = {
  design: "baseline",
  stage: "connector-pretraining",
  scale: "smoke",
  seed: 3,
  config: { batchSize: 8, peakLearningRate: 0.001 },
  manifest: "clip.wav 0123",
};

/** What step `step` tells: its numbers follow from it. */
export function metricsAt(step: number): StepMetrics {
  return {
    step,
    loss: 8 / step,
    rate: 0.001 * step,
    gradientNorms: { connector: 1 / step, "llama.blocks": 2 },
    tokensPerSecond: 1000,
    waitMs: 0.5,
  };
}

/** Tells the steps from one to another, both included. */
export function tell(log: RunLog, from: number, to: number): void {
  for (let step = from; step <= to; step++) log.step(metricsAt(step));
}

/** A clock that a second goes by on whenever it is read. */
export function clock(start = Date.parse("2026-01-01T00:00:00Z")) {
  let time = start - 1000;
  return () => {
    time += 1000;
    return time;
  };
}

/** A log opened as the tests need it. */
export function open(folder: string, doneSteps = 0, now = clock()): RunLog {
  return openRunLog(folder, header, { engine, doneSteps, now });
}

/** A log's files as a kill at this moment would leave them. */
export function killed(folder: string): string {
  const copy = `${folder}-killed`;
  rmSync(copy, { recursive: true, force: true });
  cpSync(folder, copy, { recursive: true });
  return copy;
}

/** Folders that are gone after the tests of a file. */
export function folders(): () => string {
  const root = mkdtempSync(join(tmpdir(), "pal-runlog-"));
  after(() => rmSync(root, { recursive: true, force: true }));
  let count = 0;
  return () => join(root, `run-${++count}`);
}
