import { setTimeout as sleep } from "node:timers/promises";
import { Busy } from "../run/busy.ts";
import { type GridRun, nameOf } from "./grid.ts";

/**
 * How a run stands when a walk is over.
 *
 * - `stopped`: begun or not, the signal came before its end.
 */
export type Ending =
  | { readonly run: GridRun; readonly state: "done" | "stopped" }
  | {
      readonly run: GridRun;
      readonly state: "failed";
      readonly error: Error;
    };

export interface WalkOptions {
  readonly isDone: (run: GridRun) => boolean;
  /**
   * Trains a run to its end.
   *
   * @throws Busy where another process works at it
   */
  readonly train: (run: GridRun) => Promise<void>;
  /** Runs that are trained at the same time; default 1. */
  readonly lanes?: number;
  readonly signal?: AbortSignal;
  readonly report: (line: string) => void;
  readonly onEnd?: (ending: Ending) => void;
  /** Milliseconds between two looks at a run of another process. */
  readonly patience?: number;
}

/**
 * Takes runs to their ends, one after the other.
 *
 * One that is done is left; one at which another process works is taken up
 * after the others, if it is not done by then; one that fails does not stop
 * the rest. A signal ends the walk after the runs under way have stopped.
 *
 * @returns an ending for each run, in their order
 */
export async function walkGrid(
  runs: readonly GridRun[],
  options: WalkOptions,
): Promise<Ending[]> {
  const { lanes = 1, onEnd, signal } = options;
  const queue = [...runs];
  const endings = new Map<GridRun, Ending>();
  const attempt = openAttempts(queue, options);
  const lane = async (): Promise<void> => {
    while (!signal?.aborted) {
      const run = queue.shift();
      if (run === undefined) return;
      const ending = await attempt(run);
      if (ending === undefined) continue;
      endings.set(run, ending);
      onEnd?.(ending);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return runs.map((run) => endings.get(run) ?? { run, state: "stopped" });
}

/** Tries runs; one that is put off goes to the queue's end. */
function openAttempts(queue: GridRun[], options: WalkOptions) {
  const { isDone, patience = 1000, report, signal, train } = options;
  const putOff = new Set<GridRun>();
  const awaited = new Set<GridRun>();
  const later = async (run: GridRun): Promise<undefined> => {
    const name = nameOf(run);
    if (!putOff.has(run)) {
      report(`grid: ${name} is left to another process`);
    } else if (queue.every((other) => putOff.has(other))) {
      if (!awaited.has(run)) {
        report(`grid: waits for ${name}, which another process trains`);
      }
      awaited.add(run);
      await sleepUnless(signal, patience);
    }
    putOff.add(run);
    queue.push(run);
  };
  return async (run: GridRun): Promise<Ending | undefined> => {
    try {
      if (isDone(run)) {
        const by = putOff.has(run) ? "by another process" : "before";
        report(`grid: ${nameOf(run)} was done ${by}`);
      } else {
        await train(run);
      }
      return { run, state: "done" };
    } catch (cause) {
      if (cause instanceof Busy) return later(run);
      // Whatever it throws after a signal: the run has not ended.
      if (signal?.aborted) return { run, state: "stopped" };
      const error = cause instanceof Error ? cause : new Error(String(cause));
      report(`grid: ${nameOf(run)} failed: ${error.message}`);
      return { run, state: "failed", error };
    }
  };
}

async function sleepUnless(
  signal: AbortSignal | undefined,
  milliseconds: number,
): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}
