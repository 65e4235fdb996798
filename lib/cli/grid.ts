import { columnsOf } from "../display/columns.ts";
import { plainText, textColumns } from "../display/table-text.ts";
import { useEngine } from "../engine/engine.ts";
import { readSettings } from "../session/settings.ts";
import { gridRuns, stepsBefore } from "../train/grid/grid.ts";
import { isFinished } from "../train/grid/record.ts";
import type { GridRow } from "../train/grid/rows.ts";
import { type GridTrainer, trainGrid } from "../train/grid/train-grid.ts";
import { openGridTrainer } from "../world/grid.ts";
import { stagesOfScale } from "../world/toy/stages.ts";
import { type GridBar, openGridBar } from "./grid-bar.ts";
import { openGridCrew } from "./grid-crew.ts";
import { type GridCommand, readGridOptions, usage } from "./grid-options.ts";
import { planLines } from "./grid-plan.ts";
import { openToySoundfonts } from "./toy-soundfonts.ts";

/** Trains a grid of runs, or goes on with it. */
export async function grid(args: readonly string[]): Promise<number> {
  if (args.length === 0 || args.includes("--help") || args.includes("-h")) {
    console.log(usage);
    return args.length === 0 ? 2 : 0;
  }
  let command: GridCommand;
  let plan: readonly string[];
  try {
    command = readGridOptions(args);
    const program = [process.execPath, ...process.execArgv, process.argv[1]];
    plan = command.plan ? planLines(command, program) : [];
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  if (command.plan) {
    console.log(plan.join("\n"));
    return 0;
  }
  return trainAll(command);
}

async function trainAll(command: GridCommand): Promise<number> {
  const { folder, grid, processes } = command;
  const stages = stagesOfScale[grid.scale];
  const asked = stages.filter(({ number }) => grid.stages.includes(number));
  const left = gridRuns(grid, folder)
    .filter((run) => !isFinished(run, grid))
    .map((run) => [run, stepsBefore(run, asked)] as const);
  const lanes = Math.max(1, Math.min(processes, left.length));
  const bar = openGridBar(new Map(left), lanes);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => stop.abort(new Error(signal)));
  }
  const trainer = trainerOf(command, { bar, lanes, signal: stop.signal });
  const rows = await trainGrid(grid, {
    ...{ folder, stages, trainer, lanes, signal: stop.signal },
    ...{ report: bar.report, onEnd: bar.onEnd },
  }).finally(bar.done);
  console.log(
    command.json ? JSON.stringify(rows, null, 2) : tableOf(rows, grid.stages),
  );
  return codeOf(rows);
}

function trainerOf(
  { folder, grid, processes, threads }: GridCommand,
  {
    bar,
    lanes,
    signal,
  }: {
    readonly bar: GridBar;
    readonly lanes: number;
    readonly signal: AbortSignal;
  },
): GridTrainer {
  const { designs, ...rest } = grid;
  const environment = threads === undefined ? {} : threadSettings(threads);
  const options = { ...bar, folder, signal };
  if (processes > 1) {
    const names = designs.map(({ name }) => name);
    const order = { ...rest, designs: names, folder };
    const crew = openGridCrew(order, { ...options, size: lanes, environment });
    const open = () => {
      if (threads !== undefined) bar.report(threadsLine(lanes, threads));
      return crew.open();
    };
    return { ...crew, open };
  }
  let trainer: GridTrainer | undefined;
  return {
    open: async () => {
      Object.assign(process.env, environment);
      const { engine, portable } = readSettings(process.env);
      await useEngine(engine, { portable, report: bar.report });
      const soundfonts = openToySoundfonts();
      trainer = openGridTrainer(grid, { ...options, soundfonts });
      await trainer.open();
    },
    train: (run) => trainer!.train(run),
    close: async () => trainer?.close(),
  };
}

/** TensorFlow's, within an operation and between operations. */
const threadSettings = (threads: number) => ({
  TF_NUM_INTRAOP_THREADS: String(threads),
  TF_NUM_INTEROP_THREADS: String(threads),
});

function threadsLine(processes: number, threads: number): string {
  const each = threads === 1 ? "1 thread" : `${threads} threads`;
  return (
    `grid: ${processes} processes of ${each} each: its numbers are those of ` +
    `${each}; with another number of threads last bits can differ`
  );
}

function tableOf(rows: readonly GridRow[], stages: readonly number[]): string {
  const cells = rows.map((row) => ({
    design: row.design,
    seed: row.seed,
    ...Object.fromEntries(
      stages.map((stage) => [`stage ${stage}`, row.loss[stage] ?? null]),
    ),
    seconds: row.seconds,
    threads: threadsOf(row),
    state: row.state,
    folder: row.folder,
  }));
  const digits = {
    ...Object.fromEntries(stages.map((stage) => [`stage ${stage}`, 4])),
    seconds: 1,
  };
  const caption = "Loss of each stage's last step, in nats per token";
  return plainText(textColumns(columnsOf(cells), digits), caption);
}

/** One number in all but odd folders. */
function threadsOf({ engines }: GridRow): number | string | null {
  const all = new Set(engines.map(({ numerics }) => numerics.threads));
  return all.size > 1 ? [...all].join(", ") : ([...all][0] ?? null);
}

/** Says how to go on, and what failed. */
function codeOf(rows: readonly GridRow[]): number {
  const failed = rows.filter(({ state }) => state === "failed");
  for (const { design, error, seed } of failed) {
    console.error(`grid: ${design}, seed ${seed} failed: ${error}`);
  }
  const done = rows.filter(({ state }) => state === "done").length;
  if (done + failed.length < rows.length) {
    console.error(
      `grid: stopped; ${done} of ${rows.length} runs are done, and what was ` +
        "under way is saved; the same command goes on",
    );
    return 130;
  }
  return failed.length > 0 ? 1 : 0;
}
