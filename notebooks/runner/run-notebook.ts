import {
  type CodeCell,
  type ErrorOutput,
  isCode,
  joined,
  type Notebook,
  type Output,
} from "./format.ts";
import { type Kernel, type KernelOptions, startKernel } from "./kernel.ts";
import { KernelDied } from "./kernel-process.ts";
import {
  errorOutput,
  type OutputCollector,
  outputCollector,
} from "./outputs.ts";
import { deathOf, runCell } from "./run-cell.ts";

export interface RunOptions {
  readonly kernel: KernelOptions;
  /** For one cell; its metadata `execution.timeout` goes first. 600. */
  readonly secondsPerCell?: number;
  /** For an interrupted cell to stop before the kernel is killed; 8. */
  readonly secondsToStop?: number;
  /** Goes on after an error; otherwise the later cells stay without output. */
  readonly allowErrors?: boolean;
  /** Ends the run and the kernel; the run rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onCell?: (progress: CellProgress) => void;
}

/** Told before and after each code cell. */
export interface CellProgress {
  /** Of the code cells, from 1. */
  readonly cell: number;
  readonly nCells: number;
  readonly source: string;
  readonly state: "running" | "ok" | "error" | "skipped";
  readonly seconds: number;
}

export interface CellFailure {
  /** Of the code cells, from 1. */
  readonly cell: number;
  readonly error: ErrorOutput;
}

export interface RunResult {
  /** The same notebook with the outputs of this run. */
  readonly notebook: Notebook;
  /** Errors that no tag `raises-exception` expected. */
  readonly failures: readonly CellFailure[];
  /** Timers and requests that the cells left running at the end. */
  readonly nLeftRunning: number;
  readonly seconds: number;
}

interface Ran {
  readonly result: CodeCell;
  readonly error?: ErrorOutput;
}

/** What all cells of a run share. */
interface Run {
  readonly kernel: Kernel;
  readonly collector: OutputCollector;
  readonly options: RunOptions;
  readonly nCells: number;
  /** Errors of cells that had ended: thrown in a timer, in a promise. */
  readonly late: CellFailure[];
}

/**
 * Runs a notebook's code cells in a fresh kernel and returns their outputs.
 *
 * Tags as in Jupyter: `skip-execution` leaves a cell as it is,
 * `raises-exception` lets it fail.
 */
export async function runNotebook(
  notebook: Notebook,
  options: RunOptions,
): Promise<RunResult> {
  const { signal } = options;
  const begin = performance.now();
  signal?.throwIfAborted();
  const kernel = await startKernel(options.kernel);
  const kill = () => kernel.kill();
  signal?.addEventListener("abort", kill);
  try {
    signal?.throwIfAborted();
    const collector = outputCollector();
    const nCells = notebook.cells.filter(isCode).length;
    const run: Run = { kernel, collector, options, nCells, late: [] };
    const { cells, failures, isAlive } = await runCells(notebook, run);
    const nLeftRunning = isAlive ? await settled(run) : 0;
    signal?.throwIfAborted();
    return {
      notebook: { ...notebook, cells },
      failures: [...failures, ...run.late],
      nLeftRunning,
      seconds: (performance.now() - begin) / 1000,
    };
  } finally {
    signal?.removeEventListener("abort", kill);
    await kernel.stop();
  }
}

/** Waits for what the cells left; what ends the kernel is the last one's. */
async function settled({ kernel, late, nCells }: Run): Promise<number> {
  try {
    return await kernel.settle();
  } catch (error) {
    if (!(error instanceof KernelDied)) throw error;
    late.push({ cell: nCells, error: deathOf(error) });
    return 0;
  }
}

async function runCells(notebook: Notebook, run: Run) {
  const failures: CellFailure[] = [];
  const cells: Notebook["cells"][number][] = [];
  let stopped = false;
  let isAlive = true;
  let number = 0;
  for (const cell of notebook.cells) {
    if (!isCode(cell)) {
      cells.push(cell);
      continue;
    }
    number++;
    if (stopped) {
      cells.push(cleared(cell));
      continue;
    }
    const { error, result } = await runOne(cell, number, run);
    cells.push(result);
    isAlive = error?.ename !== "KernelDied";
    const late = run.late.splice(0);
    failures.push(...late);
    if (error && !hasTag(cell, "raises-exception")) {
      failures.push({ cell: number, error });
    }
    const stops = error !== undefined && stopsAfterError(cell, run);
    const stopsLate = late.length > 0 && !run.options.allowErrors;
    stopped = !isAlive || stops || stopsLate;
  }
  return { cells, failures, isAlive };
}

async function runOne(cell: CodeCell, number: number, run: Run): Promise<Ran> {
  const source = joined(cell.source);
  const { nCells, options } = run;
  const begin = performance.now();
  const tell = (state: CellProgress["state"]) => {
    const seconds = (performance.now() - begin) / 1000;
    options.onCell?.({ cell: number, nCells, source, state, seconds });
  };
  if (hasTag(cell, "skip-execution") || source.trim() === "") {
    tell("skipped");
    return { result: source.trim() === "" ? cleared(cell) : cell };
  }
  tell("running");
  const outputs: Output[] = [];
  let hasEnded = false;
  const { error, executionCount } = await runCell(run.kernel, source, {
    seconds: secondsFor(cell, options),
    secondsToStop: options.secondsToStop,
    stopOnError: stopsAfterError(cell, run),
    onMessage: (message) => {
      run.collector.add(outputs, message);
      if (!hasEnded || message.header.msg_type !== "error") return;
      run.late.push({ cell: number, error: errorOutput(message.content) });
    },
  });
  hasEnded = true;
  options.signal?.throwIfAborted();
  if (error && !outputs.includes(error)) replaceError(outputs, error);
  tell(error && !hasTag(cell, "raises-exception") ? "error" : "ok");
  // The array itself: a later cell may update what this one displays.
  const result = { ...cell, execution_count: executionCount, outputs };
  return { result, error };
}

/** The one error a cell ends with: the kernel's, or why it was stopped. */
function replaceError(outputs: Output[], error: ErrorOutput): void {
  const at = outputs.findIndex((output) => output.output_type === "error");
  if (at < 0) outputs.push(error);
  else outputs[at] = error;
}

function stopsAfterError(cell: CodeCell, { options }: Run): boolean {
  return !options.allowErrors && !hasTag(cell, "raises-exception");
}

function secondsFor(cell: CodeCell, { secondsPerCell = 600 }: RunOptions) {
  const execution = cell.metadata.execution as
    | { timeout?: unknown }
    | undefined;
  const own = execution?.timeout;
  return typeof own === "number" && own > 0 ? own : secondsPerCell;
}

function hasTag(cell: CodeCell, tag: string): boolean {
  return cell.metadata.tags?.includes(tag) ?? false;
}

function cleared(cell: CodeCell): CodeCell {
  return { ...cell, execution_count: null, outputs: [] };
}
