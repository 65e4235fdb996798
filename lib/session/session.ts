import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeMp3 } from "../audio/mp3.ts";
import { encodeWav } from "../audio/wav.ts";
import { listen } from "../display/listen.ts";
import { progress } from "../display/progress.ts";
import { show } from "../display/show.ts";
import { table } from "../display/table.ts";
import {
  type RunWatch,
  type WatchedRun,
  watchRun,
} from "../display/watch-run.ts";
import type { Engine } from "../engine/engine.ts";
import { useEngine } from "../engine/engine.ts";
import type { Drawing, Figure } from "../figure/figure.ts";
import { cacheOf, foldersFor } from "./folders.ts";
import { interruptSignal } from "./interrupt.ts";
import { openMemory } from "./memory.ts";
import { type Modules, readModules } from "./reach.ts";
import type { Scale } from "./settings.ts";
import { readSettings } from "./settings.ts";
import { captionAt, lineAt } from "./smoke.ts";

/** What a notebook works with: an engine, a scale, and ways to show things. */
export interface Session {
  /** The notebook's name; its tables and figures begin with it. */
  readonly name: string;
  readonly engine: Engine;
  readonly scale: Scale;
  /** Folder of downloaded weights; PAL_CACHE sets it. */
  readonly cache: string;
  /**
   * Folder for files that a later run may find again; emptied by PAL_FRESH=1,
   * ignored by git.
   */
  readonly scratch: string;
  /** Shows a figure and writes it to the figures' folder. */
  show(figure: Figure | Drawing): Promise<void>;
  /** Shows rows as a table and writes it as CSV and Markdown. */
  table: (rows: Rows, options: TableOptions) => ReturnType<typeof table>;
  progress: typeof progress;
  /**
   * Shows a training while it runs, a bar over its loss, and stores the figure
   * at its end: hand `onStep` to the training, and call `end` after it.
   */
  watchRun: (run: WatchedRun) => RunWatch;
  /** Puts a player under the cell; samples from -1 to 1, rate in Hz. */
  listen(
    samples: Float32Array,
    sampleRate: number,
    label: string,
  ): Promise<void>;
  /** Aborted by Ctrl-C or the stop button; asked for at each long stage. */
  signal(): AbortSignal;
  /**
   * Runs a long stage with a bar that can be interrupted, or recalls what an
   * earlier run of the same code kept.
   *
   * The same code is the text of `run` and every module of the library that a
   * word of it leads to: a change elsewhere leaves what was kept. A function of
   * the notebook's own is not looked into, so `run` should call the library's;
   * where it names none, the whole library counts.
   *
   * @param title - names the stage, over its bar
   * @param key - all that the result depends on besides the code that `run`
   *   names, as plain data: what earlier stages gave belongs to it
   * @param run - hands on what it is given; returns plain data: numbers, texts,
   *   arrays, typed arrays
   */
  stage<T>(
    title: string,
    key: unknown,
    run: (options: StageTools) => Promise<T>,
  ): Promise<T>;
}

/** What a stage hands to the work that it runs. */
export interface StageTools {
  readonly signal: AbortSignal;
  /** Moves the bar. */
  readonly onStep: (report: { step: number; steps: number }) => void;
}

type Rows = Parameters<typeof table>[0];
type TableOptions = Omit<Parameters<typeof table>[1], "folder">;

const code = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Begins a notebook: chooses the engine, the scale and the folders, and says
 * what it chose.
 *
 * @throws RangeError for an unknown PAL_ENGINE or PAL_SCALE; Error when the
 *   engine asked for cannot be had
 */
export async function startSession(name: string): Promise<Session> {
  const settings = readSettings(process.env);
  const { portable } = settings;
  const engine = await useEngine(settings.engine, { portable });
  const scale = settings.scale ?? (engine.compiles ? "full" : "quick");
  console.log(describeScale(scale, settings.scale, engine));
  const folders = foldersFor(process.cwd(), scale);
  const memory = openMemory(folders.memory, { report: console.log });
  const modules = readModules(code);
  const folder = folders.figures;
  const sayScale = () => {
    const line = lineAt(scale);
    if (line) console.log(line);
  };
  const scratch = join(folders.scratch, name);
  if (settings.fresh) rmSync(scratch, { recursive: true, force: true });
  return {
    name,
    engine,
    scale,
    cache: cacheOf(process.env),
    scratch,
    show: async (figure) => {
      await show(figure, { folder });
      sayScale();
    },
    table: (rows, options) => {
      const caption = captionAt(scale, options.caption);
      return table(rows, { ...options, caption, folder });
    },
    progress,
    watchRun: (run) => watchRun(run, { folder, onFigure: sayScale }),
    listen: (samples, sampleRate, label) =>
      listen(samples, sampleRate, { label, encodeMp3, encodeWav }),
    signal: interruptSignal,
    async stage<T>(
      title: string,
      key: unknown,
      run: (tools: StageTools) => Promise<T>,
    ): Promise<T> {
      const { name: used, numerics } = engine;
      const whole = { name, engine: used, numerics, scale, title, key };
      const coded = { ...whole, code: codeOf(modules, run) };
      const found = settings.fresh ? undefined : memory.recall(coded);
      if (found !== undefined) {
        console.log(
          `Recalled from a run on ${found.madeAt.toISOString()}; ` +
            "PAL_FRESH=1 runs it again.",
        );
        return found.value as T;
      }
      const value = await withBar(title, run);
      memory.keep(coded, value);
      return value;
    },
  };
}

/** A stage's own text and the modules that it reaches, as one hash. */
function codeOf(modules: Modules, run: (tools: StageTools) => unknown): string {
  const text = run.toString();
  const reached = modules.reachedBy(text);
  const whole = reached.length === 0;
  return `${text}\0${modules.hashOf(whole ? undefined : reached)}`;
}

/** Runs a stage under a bar, which knows its length from the first step. */
async function withBar<T>(
  title: string,
  run: (tools: StageTools) => Promise<T>,
): Promise<T> {
  let bar: ReturnType<typeof progress> | undefined;
  let done = 0;
  const onStep: StageTools["onStep"] = ({ step, steps }) => {
    bar ??= progress(steps, title);
    bar.tick(step - done);
    done = step;
  };
  try {
    return await run({ signal: interruptSignal(), onStep });
  } finally {
    bar?.done();
  }
}

function describeScale(
  scale: Scale,
  asked: Scale | undefined,
  engine: Engine,
): string {
  if (asked !== undefined) return `Scale: ${scale} (as PAL_SCALE asks).`;
  if (engine.compiles) return `Scale: ${scale}.`;
  return (
    `Scale: ${scale}, because the ${engine.name} engine does not compile ` +
    "steps; PAL_SCALE=full runs it all."
  );
}
