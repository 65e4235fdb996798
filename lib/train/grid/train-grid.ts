import type { Stage } from "../stage.ts";
import { checkScale } from "./facts.ts";
import { checkGrid, type Grid, type GridRun, gridRuns } from "./grid.ts";
import { checkPaired, isFinished } from "./record.ts";
import { type GridRow, rowOf } from "./rows.ts";
import { type Ending, walkGrid } from "./walk.ts";

/** Who trains a grid's runs: this process, or others for it. */
export interface GridTrainer {
  /**
   * Makes ready; asked for once, and only where a run is not done.
   *
   * @throws whatever keeps all of the runs from being trained
   */
  open(): Promise<void>;
  /** @throws Busy where another process works at the run */
  train(run: GridRun): Promise<void>;
  /** Called in every case, also where it was not opened, or not wholly. */
  close(): Promise<void>;
}

export interface TrainGridOptions {
  /** The grid's own; made if it is not there. */
  readonly folder: string;
  /** All stages that there are. */
  readonly stages: readonly Stage[];
  readonly trainer: GridTrainer;
  /** Runs that are trained at the same time; default 1. */
  readonly lanes?: number;
  /** Stops the runs under way after their step; they save. */
  readonly signal?: AbortSignal;
  readonly report: (line: string) => void;
  readonly onEnd?: (ending: Ending) => void;
}

/**
 * Trains what is not done of a grid, and goes on where an earlier call stopped.
 *
 * Several processes can work at one folder: none takes up what another is at.
 * A run that fails does not stop the others; nor does a signal throw.
 *
 * @returns a row for each run, as it stands at the end
 * @throws RangeError for a grid that is none, or a folder whose runs could not
 * be compared with it
 */
export async function trainGrid(
  grid: Grid,
  options: TrainGridOptions,
): Promise<GridRow[]> {
  const { folder, signal, stages, trainer } = options;
  checkGrid(grid, stages);
  checkScale(folder, grid.scale);
  const runs = gridRuns(grid, folder);
  checkPaired(runs);
  const isDone = (run: GridRun) => isFinished(run, grid);
  try {
    if (!runs.every(isDone)) await opened(trainer, signal);
    const train = (run: GridRun) => trainer.train(run);
    const endings = await walkGrid(runs, { ...options, isDone, train });
    return endings.map((ending) => rowOf(ending, grid.stages));
  } finally {
    await trainer.close();
  }
}

/** Opens a trainer; one that a signal keeps from it trains nothing. */
async function opened(
  trainer: GridTrainer,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await trainer.open();
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}
