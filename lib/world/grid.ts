import { join } from "node:path";
import { versions } from "../runlog/surroundings.ts";
import { engineFacts, joinGrid } from "../train/grid/facts.ts";
import {
  type Grid,
  type GridRun,
  gridRuns,
  nameOf,
} from "../train/grid/grid.ts";
import { checkPaired, keepRecord } from "../train/grid/record.ts";
import type { GridRow } from "../train/grid/rows.ts";
import {
  type GridTrainer,
  trainGrid as trainAnyGrid,
} from "../train/grid/train-grid.ts";
import type { CurriculumOptions } from "../train/run/plan.ts";
import { stagesOfScale } from "./toy/stages.ts";
import { trainIn } from "./train.ts";
import {
  openTrainingWorld,
  type TrainingWorld,
  type TrainScale,
  type WorldOptions,
} from "./training-world.ts";

type StepTold = Parameters<NonNullable<CurriculumOptions["onStep"]>>[0];

export interface GridTrainerOptions extends WorldOptions {
  /** A run's steps begin, or go on. */
  readonly onBegin?: (run: GridRun) => void;
  readonly onStep?: (run: GridRun, told: StepTold) => void;
}

/**
 * Trains a grid's runs in this process, in the toy world, which is opened once.
 *
 * @param options - folder: the grid's
 */
export function openGridTrainer(
  { designs, scale, seeds, stages }: Grid<TrainScale>,
  { folder, onBegin, onStep, ...options }: GridTrainerOptions,
): GridTrainer {
  const { report, signal } = options;
  let world: TrainingWorld | undefined;
  return {
    open: async () => {
      const facts = {
        ...{ scale, library: versions().palLab, engine: engineFacts() },
      };
      await joinGrid(folder, facts, report);
      const start = join(folder, "start");
      world = await openTrainingWorld(scale, { ...options, folder: start });
      checkPaired(gridRuns({ designs, seeds }, folder), world.manifest);
    },
    train: async (run) => {
      const { manifest } = world!;
      const keeper = keepRecord(run, {
        ...{ manifest, scale, signal },
        library: versions().palLab,
        engine: engineFacts(),
      });
      onBegin?.(run);
      const path = await trainIn(world!, run, {
        ...{ folder: run.folder, signal, stages },
        report: (line) => report(`${nameOf(run)}: ${line}`),
        onStep: (told) => {
          keeper.step(told);
          onStep?.(run, told);
        },
      });
      keeper.finish(Math.max(...stages));
      report(`grid: ${nameOf(run)} is done: ${path}`);
    },
    close: async () => {},
  };
}

/**
 * Trains designs with seeds through stages in the toy world: what is done is
 * left, what was stopped goes on, and a run that fails stops no other.
 *
 * All runs start from one language model, kept in the folder, and those of a
 * seed see the same batches in the same order.
 *
 * @returns a row for each run, seed by seed; a signal leaves some "stopped"
 * @throws RangeError for a grid that is none, or a folder whose runs could not
 * be compared with it
 */
export function trainGrid(
  grid: Grid<TrainScale>,
  options: GridTrainerOptions,
): Promise<GridRow[]> {
  return trainAnyGrid(grid, {
    ...options,
    stages: stagesOfScale[grid.scale],
    trainer: openGridTrainer(grid, options),
  });
}
