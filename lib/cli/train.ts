import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { useEngine } from "../engine/engine.ts";
import { designNamed } from "../pal/design/designs.ts";
import { addToLogPage } from "../runlog/log-page.ts";
import { readRun } from "../runlog/record.ts";
import { findRoot } from "../session/folders.ts";
import { readSettings } from "../session/settings.ts";
import { stageFolder } from "../train/run/door.ts";
import { Stopped } from "../train/run/faults.ts";
import { openSoundfonts, readSoundfontManifest } from "../world/soundfonts.ts";
import { train as trainInWorld } from "../world/train.ts";
import { readCommandLine } from "./options.ts";
import { openBars, stopSignal } from "./train-bars.ts";

const usage = `npm run pal -- train DESIGN --out DIR

Trains a design through the paper's three stages and writes its weights to
DIR/weights.safetensors. Stopped (Ctrl-C) or killed, the same command goes on
where it stood and ends with the same bytes. Each stage's folder in DIR has its
record (run.json), its steps (metrics.jsonl) and TensorBoard's events.

  --out DIR      the run's own folder
  --scale SCALE  smoke (default: seconds, its numbers mean nothing) or lab, in
                 the toy world
  --stages LIST  default 1,2,3
  --seed N       of weights and order; default 1
  --log FILE     when it is done, add a line for each stage to a log of runs,
                 such as figures/LOG.md
  --workers N    threads that make batches ahead of their steps, the same bytes
                 with any number; default 1, 0 for none

PAL_ENGINE chooses the engine. Exit code: 0 done, 1 a fault, 2 wrong options,
130 stopped.`;

/** Trains a design, or goes on with it. */
export async function train(args: readonly string[]): Promise<number> {
  if (args.length === 0 || args.includes("--help") || args.includes("-h")) {
    console.log(usage);
    return args.length === 0 ? 2 : 0;
  }
  let options: Options;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  const { design, log, stages, ...rest } = options;
  const { engine, portable } = readSettings(process.env);
  await useEngine(engine, { portable });
  const root = findRoot(import.meta.dirname);
  const manifest = join(root, "data-manifests", "soundfonts.json");
  const bars = openBars((line) => console.error(line));
  try {
    const path = await trainInWorld(design, stages, {
      ...rest,
      soundfonts: openSoundfonts(readSoundfontManifest(manifest)),
      signal: stopSignal(bars.say),
      report: bars.say,
      onStep: bars.onStep,
    });
    if (log) addStages(log, options);
    console.log(`done: ${path}`);
    return 0;
  } catch (error) {
    bars.end();
    if (!(error instanceof Stopped)) throw error;
    console.error(error.message);
    return 130;
  }
}

function addStages(page: string, { folder, stages }: Options): void {
  for (const number of stages) {
    const record = readRun(join(stageFolder(folder, number), "run.json"));
    const isNew = addToLogPage(page, record);
    const what = isNew ? "has a line in" : "was there already, in";
    console.error(`train: stage ${number} ${what} ${page}`);
  }
}

interface Options {
  readonly design: ReturnType<typeof designNamed>;
  readonly folder: string;
  readonly scale: "smoke" | "lab";
  readonly stages: readonly number[];
  readonly seed: number;
  /** A log of runs to add this one to. */
  readonly log?: string;
  readonly nWorkers: number;
}

function readOptions(args: readonly string[]): Options {
  const { positionals, values } = readCommandLine("train", {
    args: [...args],
    allowPositionals: true,
    options: {
      log: { type: "string" },
      out: { type: "string" },
      scale: { type: "string", default: "smoke" },
      seed: { type: "string", default: "1" },
      stages: { type: "string", default: "1,2,3" },
      workers: { type: "string", default: "1" },
    },
  });
  const [name, ...more] = positionals;
  const { log, out, scale } = values;
  if (name === undefined || more.length > 0 || !out) {
    throw new RangeError(
      `train: expected DESIGN and --out, got "${args.join(" ")}"; ` +
        "--help tells more",
    );
  }
  if (log !== undefined && !existsSync(dirname(log))) {
    throw new RangeError(
      `train: expected --log in a folder that is there, got "${log}"`,
    );
  }
  return {
    ...{ design: designNamed(name), folder: out, log },
    scale: scaleNamed(scale),
    stages: values.stages.split(",").map((one) => wholeNumber("stages", one)),
    seed: wholeNumber("seed", values.seed),
    nWorkers: wholeNumber("workers", values.workers),
  };
}

function scaleNamed(scale: string): "smoke" | "lab" {
  if (scale === "smoke" || scale === "lab") return scale;
  const missing =
    scale === "full"
      ? ", for which rows of OpenAQA, features of its sounds and a place " +
        "for Llama 3.2's weights are missing yet"
      : "";
  throw new RangeError(
    `train: expected --scale smoke or lab, got "${scale}"${missing}`,
  );
}

function wholeNumber(what: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new RangeError(
    `train: expected whole numbers for --${what}, got "${text}"`,
  );
}
