import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../../files/atomic.ts";
import type { EngineFacts } from "./facts.ts";
import { type Grid, type GridRun, hasWeights, nameOf } from "./grid.ts";
import { readObject } from "./read-object.ts";

/** How far a stage has come, and what it cost. */
export interface StageRecord {
  readonly step: number;
  readonly steps: number;
  /** Of the last step's batch, in nats per token. */
  readonly loss: number;
  /** Of all its steps; those that a kill threw away count again. */
  readonly seconds: number;
}

/** What a run of a grid leaves beside its weights, as `record.json`. */
export interface RunRecord {
  readonly design: string;
  readonly seed: number;
  readonly scale: string;
  readonly library: string;
  /** Hash of what is learned from, the language model with it. */
  readonly manifest: string;
  /** What computed it, in turn: threads, processor, oneDNN. */
  readonly engines: readonly EngineFacts[];
  /** By the stage's number. */
  readonly stages: Readonly<Record<string, StageRecord>>;
  /** Number of the stage whose weights are the run's; 0 before its end. */
  readonly finished: number;
}

const pathIn = (folder: string) => join(folder, "record.json");

/** The record of a run's folder; undefined before its first step. */
export function readRecord({
  folder,
}: Pick<GridRun, "folder">): RunRecord | undefined {
  const path = pathIn(folder);
  if (!existsSync(path)) return undefined;
  return readObject(path, "a run's record", [
    ...(["design", "seed", "scale", "library", "manifest"] as const),
    ...(["engines", "stages", "finished"] as const),
  ]);
}

/** Whether a run has ended, and nothing of it is to be written. */
export function isFinished(
  run: GridRun,
  { scale, stages }: Pick<Grid, "scale" | "stages">,
): boolean {
  const record = readRecord(run);
  if (record === undefined || record.scale !== scale) return false;
  return record.finished >= Math.max(...stages) && hasWeights(run, stages);
}

/**
 * Refuses runs that did not learn from the same clips and the same language
 * model: their differences would not be those of their designs.
 *
 * @param manifest - of the runs to come
 */
export function checkPaired(runs: readonly GridRun[], manifest?: string): void {
  let wanted = manifest;
  for (const run of runs) {
    const found = readRecord(run)?.manifest;
    wanted ??= found;
    if (found === undefined || found === wanted) continue;
    throw new RangeError(
      `grid: expected runs that learn from ${wanted}, got ${found} ` +
        `(${nameOf(run)}, ${run.folder}): their clips or language model are ` +
        "others; choose another folder",
    );
  }
}

/** Keeps a run's record while it trains. */
export interface RecordKeeper {
  step(told: Omit<StageRecord, "seconds"> & Told): void;
  /** The run has ended, its weights those of this stage. */
  finish(stage: number): void;
}

interface Told {
  readonly stage: number;
  /** Of the step. */
  readonly seconds: number;
}

/** Milliseconds between two writings: a kill loses no more of the times. */
const pause = 5000;

/** @param options - now: milliseconds since any fixed moment */
export function keepRecord(
  run: GridRun,
  {
    engine,
    now = () => performance.now(),
    signal,
    ...facts
  }: Pick<RunRecord, "scale" | "library" | "manifest"> & {
    readonly engine: EngineFacts;
    readonly now?: () => number;
    readonly signal?: AbortSignal;
  },
): RecordKeeper {
  let record: RunRecord | undefined;
  let written = Number.NEGATIVE_INFINITY;
  // Read when the run is this process's: another one may have been at it.
  const current = (): RunRecord => {
    record ??= withEngine(readRecord(run), engine, {
      ...{ design: run.design.name, seed: run.seed, finished: 0 },
      ...{ stages: {}, ...facts },
    });
    return record;
  };
  const write = (next: RunRecord) => {
    record = next;
    mkdirSync(run.folder, { recursive: true });
    writeWhole(pathIn(run.folder), `${JSON.stringify(next, null, 2)}\n`);
    written = now();
  };
  return {
    step: ({ loss, seconds, stage, step, steps }) => {
      const before = current();
      const spent = before.stages[stage]?.seconds ?? 0;
      const told = { step, steps, loss, seconds: spent + seconds };
      record = { ...before, stages: { ...before.stages, [stage]: told } };
      // Before the checkpoint of a last step, which is not told again.
      const isLast = step === steps || (signal?.aborted ?? false);
      if (isLast || now() - written > pause) write(record);
    },
    finish: (stage) => write({ ...current(), finished: stage }),
  };
}

function withEngine(
  found: RunRecord | undefined,
  engine: EngineFacts,
  fresh: Omit<RunRecord, "engines">,
): RunRecord {
  const { engines, ...rest } = found ?? { ...fresh, engines: [] };
  const known = engines.map((one) => JSON.stringify(one));
  const isKnown = known.includes(JSON.stringify(engine));
  return { ...rest, engines: isKnown ? engines : [...engines, engine] };
}
