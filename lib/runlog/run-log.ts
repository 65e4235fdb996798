import * as tf from "@tensorflow/tfjs";
import type { Engine } from "../engine/engine.ts";
import { type LogFiles, openLogFiles } from "./log-files.ts";
import { type MetricsLine, metricsText, type StepMetrics } from "./metrics.ts";
import type { Outcome, RunHeader, RunRecord } from "./record.ts";
import { revisionOf, versions } from "./surroundings.ts";
import { eventOf } from "./tfevents.ts";

/** What a training tells its log. */
export interface RunLog {
  /** The step that has just ended; every step, in order. */
  step(metrics: StepMetrics): void;
  /** Puts all steps on the disk: before a checkpoint that counts on them. */
  flush(): void;
  /**
   * Writes how the run ended, and closes the log.
   *
   * @param error - why it failed
   */
  end(outcome: Exclude<Outcome, "running">, error?: unknown): RunRecord;
}

export interface RunLogOptions {
  readonly engine: Engine;
  /** Steps that the checkpoint has from which the run goes on; 0 begins. */
  readonly doneSteps?: number;
  /**
   * Take a run that was done, too: for whoever knows that it has to be gone on
   * with, as where its weights were lost. Default false.
   */
  readonly reopens?: boolean;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Steps over which the loss in the record is a mean. */
const lastSteps = 20;

/** The time of day, and never backwards. */
const clock = () => performance.timeOrigin + performance.now();

/**
 * Opens the log of a run in a folder of its own: `run.json`, `metrics.jsonl`
 * with a line for each step, and TensorBoard's events.
 *
 * A run that goes on leaves the files that one without a break would leave,
 * but for times: lines of steps after its checkpoint are dropped, as they come
 * again, and so is a line that a kill cut short; the same of events.
 *
 * @throws RangeError where the folder has another run, one that is done, or too
 * few lines; Error where another process writes this log
 */
export function openRunLog(
  folder: string,
  header: RunHeader,
  { doneSteps = 0, engine, now = clock, reopens = false }: RunLogOptions,
): RunLog {
  const opened = now();
  const session = {
    startedAt: new Date(opened).toISOString(),
    fromStep: doneSteps,
    git: revisionOf(),
    versions: versions(),
    engine: {
      name: engine.name,
      description: engine.description,
      numerics: engine.numerics,
    },
  };
  const files = openLogFiles(folder, header, { reopens, session });
  return logOf(files, { now, opened });
}

function logOf(
  { close, events, lines, metrics, record, writeRecord }: LogFiles,
  { now, opened }: { readonly now: () => number; readonly opened: number },
): RunLog {
  const losses = lines.slice(-lastSteps).map(({ loss }) => loss);
  const before = lines.at(-1)?.seconds ?? 0;
  let steps = lines.length;
  let isOpen = true;
  const seconds = () => before + Math.round(now() - opened) / 1000;
  const checkOpen = (caller: string) => {
    if (isOpen) return;
    throw new Error(`${caller}: expected a log before its end, got one after`);
  };
  const put = (outcome: Outcome, message?: string): RunRecord => {
    metrics.flush();
    events.flush();
    const state = { outcome, ...(message !== undefined && { message }) };
    const loss = mean(losses);
    const sums = { ...(Number.isFinite(loss) && { loss }), steps };
    const whole = { ...record, ...state, ...sums, wallSeconds: seconds() };
    writeRecord(whole);
    return whole;
  };
  return {
    step(told) {
      checkOpen("RunLog.step");
      checkStep(told.step, steps + 1);
      const line = lineOf(told, { seconds: seconds(), now: now() });
      metrics.write(metricsText(line));
      events.write(eventOf(line));
      steps = line.step;
      losses.push(line.loss);
      if (losses.length > lastSteps) losses.shift();
    },
    flush() {
      checkOpen("RunLog.flush");
      put("running");
    },
    end(outcome, error) {
      checkOpen("RunLog.end");
      isOpen = false;
      try {
        return put(outcome, error === undefined ? undefined : reason(error));
      } finally {
        close();
      }
    },
  };
}

/** In the order in which a line is read. */
function lineOf(
  told: StepMetrics,
  at: { readonly seconds: number; readonly now: number },
): MetricsLine {
  return {
    step: told.step,
    loss: told.loss,
    rate: told.rate,
    gradientNorms: told.gradientNorms,
    tokensPerSecond: told.tokensPerSecond,
    waitMs: told.waitMs,
    rssBytes: process.memoryUsage.rss(),
    tensorBytes: tf.memory().numBytes,
    seconds: at.seconds,
    time: new Date(at.now).toISOString(),
  };
}

function checkStep(step: number, expected: number): void {
  if (step === expected) return;
  throw new RangeError(
    `RunLog.step: expected step ${expected}, got ${step}; tell every step, ` +
      "and open the log with the steps of the checkpoint",
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
