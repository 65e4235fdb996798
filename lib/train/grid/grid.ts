import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Variant } from "../../pal/design/variant.ts";
import { stepsSavedIn } from "../run/checkpoints.ts";
import { stageFolder } from "../run/door.ts";
import { weightsIn } from "../run/weights.ts";
import { type Stage, scheduleOf } from "../stage.ts";

/**
 * Runs as data: every design with every seed, through the same stages.
 *
 * The runs of a seed are paired: they start from the same language model and
 * see the same batches in the same order.
 */
export interface Grid<Scale extends string = string> {
  readonly designs: readonly Variant[];
  readonly seeds: readonly number[];
  /** Numbers of the stages to run. */
  readonly stages: readonly number[];
  readonly scale: Scale;
}

/** One design with one seed. */
export interface GridRun {
  readonly design: Variant;
  readonly seed: number;
  /** Its own, in the grid's. */
  readonly folder: string;
}

/**
 * The runs of a grid, seed by seed: what is done first can be compared.
 *
 * @param folder - the grid's
 */
export function gridRuns(
  { designs, seeds }: Pick<Grid, "designs" | "seeds">,
  folder: string,
): GridRun[] {
  return seeds.flatMap((seed) =>
    designs.map((design) => ({
      ...{ design, seed },
      folder: join(folder, design.name, `seed-${seed}`),
    })),
  );
}

/** A run as people call it: "baseline, seed 1". */
export const nameOf = ({ design, seed }: Omit<GridRun, "folder">) =>
  `${design.name}, seed ${seed}`;

/**
 * Refuses a grid that is none.
 *
 * @param stages - all that there are
 * @throws RangeError
 */
export function checkGrid(grid: Grid, stages: readonly Stage[]): void {
  const names = grid.designs.map(({ name }) => name);
  checkList("designs", names, (name) => /^[\w-][\w.-]*$/.test(name));
  checkList(
    "seeds",
    grid.seeds,
    (seed) => Number.isSafeInteger(seed) && seed >= 0,
  );
  const known = stages.map(({ number }) => number);
  checkList("stages", grid.stages, (stage) => known.includes(stage));
}

const kinds = {
  designs: "designs whose names can be a folder's",
  seeds: "whole numbers from 0 as seeds",
  stages: "stages that there are",
} as const;

function checkList<X>(
  what: keyof typeof kinds,
  items: readonly X[],
  isRight: (item: X) => boolean,
): void {
  const wrong = items.findIndex((item) => !isRight(item));
  if (items.length === 0 || wrong !== -1) {
    throw new RangeError(
      `grid: expected ${kinds[what]}, got ${items[wrong] ?? "none"}`,
    );
  }
  const twice = items.find((item, i) => items.indexOf(item) !== i);
  if (twice === undefined) return;
  throw new RangeError(
    `grid: expected ${what} that differ, got ${twice} twice; name it once`,
  );
}

/** Steps of each asked stage that a run has before it, by its files. */
export function stepsBefore(
  { folder }: Pick<GridRun, "folder">,
  stages: readonly Stage[],
): ReadonlyMap<number, number> {
  return new Map(
    stages.map((stage) => {
      const place = stageFolder(folder, stage.number);
      const { steps } = scheduleOf(stage);
      const left = weightsIn(place) ? 0 : steps - stepsSavedIn(place);
      return [stage.number, Math.max(0, left)];
    }),
  );
}

/** Whether all stages have ended, and the run's weights are those of the last. */
export function hasWeights(
  { folder }: Pick<GridRun, "folder">,
  stages: readonly number[],
): boolean {
  const all = stages.map((number) => weightsIn(stageFolder(folder, number)));
  return all.every(Boolean) && existsSync(join(folder, "weights.safetensors"));
}

/** The weights that a run's last asked stage left, if it did. */
export function weightsOf(
  { folder }: Pick<GridRun, "folder">,
  stages: readonly number[],
): string | undefined {
  return weightsIn(stageFolder(folder, Math.max(...stages)))?.path;
}
