import { isatty } from "node:tty";
import type { Screen } from "../display/kernel.ts";
import { type Progress, progress } from "../display/progress.ts";
import { type GridRun, nameOf } from "../train/grid/grid.ts";
import { openTally } from "../train/grid/tally.ts";
import type { Ending } from "../train/grid/walk.ts";
import type { Told } from "./grid-messages.ts";

/** One bar for all runs of a grid, and lines above it. */
export interface GridBar {
  readonly report: (line: string) => void;
  readonly onBegin: (run: GridRun) => void;
  readonly onStep: (run: GridRun, told: Told) => void;
  readonly onEnd: (ending: Ending) => void;
  readonly done: () => void;
}

/** Where a command tells of its work, so that its output is the result alone. */
function errorScreen(): Screen {
  return {
    write: (text) => void process.stderr.write(text),
    ...(isatty(2) && { columns: process.stderr.columns || 80 }),
  };
}

/**
 * Opens the bar; it is drawn from the first run that begins.
 *
 * @param left - each unfinished run's steps by stage
 */
export function openGridBar(
  left: ReadonlyMap<GridRun, ReadonlyMap<number, number>>,
  lanes: number,
  screen = errorScreen(),
): GridBar {
  const tally = openTally(left, { lanes });
  const runs = [...left.keys()];
  // A run is known by its name: who tells of it may have a copy.
  const own = (run: GridRun) =>
    runs.find((one) => one.folder === run.folder) ?? run;
  let bar: Progress | undefined;
  const draw = () => {
    if (bar || tally.total === 0) return;
    const { secondsLeft } = tally;
    bar = progress(tally.total, "grid", { screen, secondsLeft });
  };
  return {
    report: (line) => {
      // On the bar's line, which the next step draws anew below.
      const isOver = bar !== undefined && screen.columns !== undefined;
      screen.write(`${isOver ? "\r\x1b[K" : ""}${line}\n`);
    },
    onBegin: (run) => {
      draw();
      tally.begin(own(run));
    },
    onStep: (run, { loss, stage, ...told }) => {
      const more = tally.step(own(run), { stage, ...told });
      bar?.tick(more, `${nameOf(run)}, stage ${stage}: ${loss.toFixed(3)}`);
    },
    onEnd: ({ run, state }) => {
      const more = tally.leave(own(run), state === "done");
      bar?.tick(more);
    },
    done: () => bar?.done(),
  };
}
