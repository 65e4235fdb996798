import { existsSync } from "node:fs";
import { join } from "node:path";
import { currentEngine, type Engine } from "../../engine/engine.ts";
import type { Plain } from "../../files/plain.ts";
import type { StepMetrics } from "../../runlog/metrics.ts";
import { readRun } from "../../runlog/record.ts";
import { openRunLog, type RunLog } from "../../runlog/run-log.ts";
import type { TrainReport } from "../training.ts";
import { checkIdentity, type Identity, otherRun } from "./identity.ts";

/** What a training is, and where its files lie. */
export interface RunPlace {
  /** Of this training alone; made if it is not there. */
  readonly folder: string;
  readonly identity: Identity;
  /** What `identity.config` is the hash of: the record tells it whole. */
  readonly settings: Plain;
}

const recordIn = (folder: string) => join(folder, "run.json");

/**
 * Refuses a folder whose record is another run's; a folder without a record is
 * taken. Touches nothing.
 *
 * @param wanted - what is known of the run yet
 * @throws RangeError that names what differs, a setting by its path
 */
export function checkRecord({
  folder,
  identity: wanted,
  settings,
}: Pick<RunPlace, "folder"> & {
  readonly identity: Partial<Identity>;
  readonly settings?: Plain;
}): void {
  const path = recordIn(folder);
  if (!existsSync(path)) return;
  const begun = readRun(path).config as {
    readonly identity?: Plain;
    readonly settings?: Plain;
  } | null;
  const { config, ...others } = wanted;
  checkIdentity(others, begun?.identity, path);
  if (settings !== undefined && begun?.settings !== undefined) {
    const found = differenceOf(settings, begun.settings);
    if (found !== undefined) {
      throw new RangeError(
        `train: expected a run with ${found.name} ${found.a}, got ` +
          `${found.b} (${path}); ${otherRun}`,
      );
    }
  }
  checkIdentity({ config }, begun?.identity, path);
}

/** Where two settings differ first, and how: "stage.batch.perDevice". */
function differenceOf(
  a: Plain,
  b: Plain,
  name = "",
): { name: string; a: string; b: string } | undefined {
  if (!(isTree(a) && isTree(b))) {
    const told = { name, a: textOf(a), b: textOf(b) };
    return told.a === told.b ? undefined : told;
  }
  for (const field of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const path = name === "" ? field : `${name}.${field}`;
    const found = differenceOf(a[field], b[field], path);
    if (found !== undefined) return found;
  }
  return undefined;
}

type Tree = Readonly<Record<string, Plain>>;

const isTree = (value: Plain): value is Tree =>
  typeof value === "object" && value !== null;

const textOf = (value: Plain | undefined) => JSON.stringify(value) ?? "none";

/**
 * Opens a training's log at the step from which it goes on.
 *
 * A log that ran ahead of its checkpoint is cut back to it; one that was done,
 * whose weights are gone, is opened again.
 */
export function openLog(
  { folder, identity, settings }: RunPlace,
  doneSteps: number,
): RunLog {
  const engine = currentEngine();
  if (engine === undefined) {
    throw new Error(
      "train: expected an engine, got none; call useEngine first",
    );
  }
  const { design, manifest, scale, seed, stage } = identity;
  const config = { identity: { ...identity }, settings };
  return openRunLog(
    folder,
    { design, stage, scale, seed, config, manifest },
    { engine, doneSteps, reopens: true },
  );
}

function engineInUse(): Engine {
  const engine = currentEngine();
  if (engine !== undefined) return engine;
  throw new Error("train: expected an engine, got none; call useEngine first");
}

/**
 * A line where a run goes on with other last bits than it was begun with:
 * on another engine, processor or number of threads.
 */
export function newsOfEngine(folder: string): string | undefined {
  const path = recordIn(folder);
  if (!existsSync(path)) return undefined;
  const { engine: before } = readRun(path).sessions.at(-1)!;
  const now = engineInUse();
  const isPortable = before.numerics.isPortable && now.numerics.isPortable;
  if (isPortable || bitsOf(before) === bitsOf(now)) return undefined;
  return (
    `train: expected to go on with ${bitsOf(before)}, got ${bitsOf(now)} ` +
    `(${folder}); it goes on, but not to the same bytes`
  );
}

/** What last bits depend on. */
function bitsOf({ name, numerics }: Pick<Engine, "name" | "numerics">): string {
  const { instructions, oneDnn, processor, threads } = numerics;
  return (
    `${name} on ${processor} (${instructions}, ${threads} threads, ` +
    `oneDNN ${oneDnn})`
  );
}

/**
 * Ends the log of a training whose weights are there: a kill after they were
 * saved leaves it open.
 */
export function settleLog(place: RunPlace, steps: number): void {
  const path = recordIn(place.folder);
  if (!existsSync(path) || readRun(path).outcome === "done") return;
  openLog(place, steps).end("done");
}

/** A step's report as a line of the log. */
export function metricsOf(report: TrainReport): StepMetrics {
  const { gradientNorms, learningRate, loss, seconds, step, tokens, waitMs } =
    report;
  const tokensPerSecond = tokens / seconds;
  const rate = learningRate;
  return { step, loss, rate, gradientNorms, tokensPerSecond, waitMs };
}
