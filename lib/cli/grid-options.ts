import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { designNamed } from "../pal/design/designs.ts";
import { checkGrid, type Grid } from "../train/grid/grid.ts";
import { stagesOfScale } from "../world/toy/stages.ts";
import type { TrainScale } from "../world/training-world.ts";
import { readCommandLine } from "./options.ts";

export const usage = `npm run pal -- grid --designs LIST --seeds LIST --out DIR

Trains each design with each seed through the stages, in the toy world. All runs
start from one language model, and the designs see the same batches in the same
order. What is done is left, what was stopped goes on; several processes can
work at one folder. Ctrl-C stops after the step and saves: the same command goes
on.

  --designs LIST  such as baseline,delayed-fusion
  --seeds LIST    such as 1,2,3; default 1
  --stages LIST   default 1,2,3
  --scale SCALE   smoke (default: seconds a run, its numbers mean nothing), quick or lab
  --out DIR       the grid's own folder; a run is in DIR/DESIGN/seed-N
  --processes N   that train at the same time; default 1. The cores are shared
                  out, and results differ with the number of threads
  --threads N     of each process; default its share of the cores
  --plan          prints a shell line for each run instead, in any order to be
                  run: by sh, xargs, GNU parallel or scripts/slurm-grid.sh
  --json          the table as JSON

A row is {"design", "seed", "state": "done", "failed" or "stopped", "error",
"loss": {stage: of its last step, in nats per token}, "seconds", "engines":
[{"name", "numerics": {"threads", ...}}], "folder", "path" (its weights)}.

PAL_ENGINE chooses the engine. Exit code: 0 done, 1 a fault or a run that
failed, 2 wrong options, 130 stopped.`;

export interface GridCommand {
  readonly grid: Grid<TrainScale>;
  readonly folder: string;
  readonly processes: number;
  /** Of each process; undefined leaves them to the environment. */
  readonly threads: number | undefined;
  readonly json: boolean;
  readonly plan: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the command line.
 *
 * @throws RangeError that says what is wrong
 */
export function readGridOptions(
  args: readonly string[],
  environment: Environment = process.env,
  cores = availableParallelism(),
): GridCommand {
  const { values } = readCommandLine("grid", {
    args: [...args],
    options: {
      designs: { type: "string" },
      seeds: { type: "string", default: "1" },
      stages: { type: "string", default: "1,2,3" },
      scale: { type: "string", default: "smoke" },
      out: { type: "string" },
      processes: { type: "string", default: "1" },
      threads: { type: "string" },
      plan: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const { designs, json, out, plan, seeds, stages } = values;
  if (!designs || !out) {
    throw new RangeError(
      `grid: expected --designs and --out, got "${args.join(" ")}"; ` +
        "--help tells more",
    );
  }
  const scale = scaleNamed(values.scale);
  const grid: Grid<TrainScale> = {
    designs: designs.split(",").map(designNamed),
    seeds: seeds.split(",").map((one) => wholeNumber("seeds", one)),
    stages: stages.split(",").map((one) => wholeNumber("stages", one)),
    scale,
  };
  checkGrid(grid, stagesOfScale[scale]);
  checkFolder(out);
  const processes = fromOne("processes", values.processes);
  const threads =
    values.threads === undefined
      ? shareOf(cores, processes, environment)
      : fromOne("threads", values.threads);
  return { grid, folder: resolve(out), processes, threads, json, plan };
}

/** Threads that the environment has set stay. */
function shareOf(
  cores: number,
  processes: number,
  { PAL_PORTABLE, TF_NUM_INTRAOP_THREADS }: Environment,
): number | undefined {
  if (PAL_PORTABLE === "1" || TF_NUM_INTRAOP_THREADS) return undefined;
  return Math.max(1, Math.floor(cores / processes));
}

function checkFolder(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isDirectory()) return;
  throw new RangeError(
    `grid: expected --out as a folder, got a file (${path}); choose another`,
  );
}

function scaleNamed(scale: string): TrainScale {
  if (Object.hasOwn(stagesOfScale, scale)) return scale as TrainScale;
  const known = Object.keys(stagesOfScale).join(" or ");
  throw new RangeError(`grid: expected --scale ${known}, got "${scale}"`);
}

function wholeNumber(what: string, text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) {
    return Number(text);
  }
  throw new RangeError(
    `grid: expected whole numbers for --${what}, got "${text}"`,
  );
}

function fromOne(what: string, text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new RangeError(
    `grid: expected --${what} as a whole number from 1, got "${text}"`,
  );
}
