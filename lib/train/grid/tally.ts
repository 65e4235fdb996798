import type { GridRun } from "./grid.ts";

/** Steps of a grid's runs: how many are left, and how long they will take. */
export interface Tally {
  /** Steps that were left at the start. */
  readonly total: number;
  /** A run's training begins, or goes on. */
  begin(run: GridRun): void;
  /**
   * A step has ended.
   *
   * @returns by how many more steps the grid has come on
   */
  step(run: GridRun, told: StepTold): number;
  /**
   * A run takes no more of this process's time.
   *
   * @param isDone - its steps count: another process has taken them
   * @returns by how many more steps the grid has come on
   */
  leave(run: GridRun, isDone: boolean): number;
  /** Undefined before the first step. */
  secondsLeft(): number | undefined;
}

interface StepTold {
  readonly stage: number;
  readonly step: number;
  readonly steps: number;
}

interface Cost {
  seconds: number;
  steps: number;
}

export interface TallyOptions {
  /** Runs that are trained at the same time; default 1. */
  readonly lanes?: number;
  /** Milliseconds since any fixed moment. */
  readonly now?: () => number;
}

/**
 * Opens the tally of runs.
 *
 * A step's cost is a mean over what its design's stage took so far, saving and
 * recording of graphs included; of a stage that no run of its design has begun,
 * over the other designs, and of one that nobody has begun, over all steps.
 *
 * @param left - each run's steps by stage
 */
export function openTally(
  left: ReadonlyMap<GridRun, ReadonlyMap<number, number>>,
  { lanes = 1, now = () => performance.now() }: TallyOptions = {},
): Tally {
  const open = new Map([...left].map(([run, own]) => [run, new Map(own)]));
  const costs = new Map<string, Cost>();
  const since = new Map<GridRun, number>();
  const total = sum([...left.values()].flatMap((own) => [...own.values()]));
  let counted = 0;
  let gone = 0;

  const rest = () =>
    sum([...open.values()].flatMap((own) => [...own.values()]));
  /** Never backwards: a damaged checkpoint takes a run back. */
  const advance = () => {
    const more = Math.max(0, total - gone - rest() - counted);
    counted += more;
    return more;
  };
  const costOf = (design: string, stage: number) =>
    meanOf(costs, (name) => name === `${design}/${stage}`) ??
    meanOf(costs, (name) => name.endsWith(`/${stage}`)) ??
    meanOf(costs, () => true);
  const secondsOf = ([run, own]: readonly [GridRun, Map<number, number>]) =>
    sum(
      [...own].map(
        ([stage, steps]) => steps * (costOf(run.design.name, stage) ?? 0),
      ),
    );
  return {
    total,
    begin: (run) => void since.set(run, now()),
    step: (run, { stage, step, steps }) => {
      const time = now();
      const name = `${run.design.name}/${stage}`;
      const cost = costs.get(name) ?? { seconds: 0, steps: 0 };
      cost.seconds += (time - (since.get(run) ?? time)) / 1000;
      cost.steps++;
      costs.set(name, cost);
      since.set(run, time);
      open.get(run)?.set(stage, steps - step);
      return advance();
    },
    leave: (run, isDone) => {
      if (!isDone) gone += sum([...(open.get(run)?.values() ?? [])]);
      open.delete(run);
      return advance();
    },
    secondsLeft: () => {
      if (costs.size === 0) return undefined;
      const each = [...open].map(secondsOf);
      // No run is shared among lanes: the longest alone can be the end.
      return Math.max(sum(each) / lanes, ...each);
    },
  };
}

function meanOf(
  costs: ReadonlyMap<string, Cost>,
  isMeant: (name: string) => boolean,
): number | undefined {
  const meant = [...costs].filter(([name]) => isMeant(name));
  const steps = sum(meant.map(([, cost]) => cost.steps));
  return steps > 0
    ? sum(meant.map(([, cost]) => cost.seconds)) / steps
    : undefined;
}

const sum = (numbers: readonly number[]) =>
  numbers.reduce((all, one) => all + one, 0);
