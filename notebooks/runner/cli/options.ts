import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { readCommandLine } from "../../../lib/cli/options.ts";
import { type Scale, scaleNames } from "../../../lib/session/settings.ts";

export interface NotebookOptions {
  /** Paths of the notebooks, in the order they run. */
  readonly paths: readonly string[];
  readonly scale: Scale;
  readonly mode: "run" | "check" | "against-jupyter";
  /** For one cell. */
  readonly seconds: number;
  /** Where the executed notebooks go; undefined: see `placeFor`. */
  readonly out?: string;
  readonly allowErrors: boolean;
  readonly ifPossible: boolean;
  /** Runs the solutions in the exercises' places. */
  readonly solutions: boolean;
  readonly help: boolean;
}

export const help = `npm run notebooks -- [names] [options]

Runs notebooks/*.ipynb, or the ones named, each in a kernel of its own.

  --scale SCALE      smoke (seconds), quick (minutes) or full (default)
  --check            compare text outputs with the stored ones; store nothing
  --against-jupyter  run by real Jupyter too, and compare the two
  --if-possible      with --against-jupyter: where Jupyter is absent, run here
  --timeout SECONDS  longest time for one cell (default 600)
  --allow-errors     go on with a notebook after an error in it
  --solutions        run with the exercises solved, and check what that shows
  --out FOLDER       where the executed notebooks go

"npm run notebooks -- export --help": pages, slides and hand-outs of notebooks.

A full run is stored in place, in notebooks/. A smaller one goes to
.pal/notebooks/SCALE/, one with solutions to .pal/notebooks/solutions/, so that
the stored outputs stay those of a full run.
Exit code: 0 fine, 1 an error or a difference, 2 wrong options, 130 Ctrl-C.`;

/** Reads the command line; throws with a line that says what is wrong. */
export function readOptions(
  args: readonly string[],
  root: string,
): NotebookOptions {
  const { positionals, values } = readCommandLine("notebooks", {
    args: [...args],
    allowPositionals: true,
    options: {
      scale: { type: "string", default: "full" },
      check: { type: "boolean", default: false },
      "against-jupyter": { type: "boolean", default: false },
      "if-possible": { type: "boolean", default: false },
      timeout: { type: "string", default: "600" },
      "allow-errors": { type: "boolean", default: false },
      out: { type: "string" },
      solutions: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const { check, out, scale, timeout } = values;
  const against = values["against-jupyter"];
  if (!isScale(scale)) {
    throw new RangeError(
      `notebooks: unknown scale "${scale}"; known: ${scaleNames.join(", ")}`,
    );
  }
  const seconds = Number(timeout);
  if (!(seconds > 0)) {
    throw new RangeError(
      `notebooks: expected --timeout in seconds above 0, got "${timeout}"`,
    );
  }
  if (check && against) {
    throw new RangeError(
      "notebooks: expected --check or --against-jupyter, got both",
    );
  }
  if (values.solutions && (check || against)) {
    throw new RangeError(
      "notebooks: expected --solutions without --check or --against-jupyter",
    );
  }
  return {
    paths: values.help ? [] : findNotebooks(positionals, root),
    scale,
    mode: check ? "check" : against ? "against-jupyter" : "run",
    seconds,
    out: out === undefined ? undefined : resolve(out),
    allowErrors: values["allow-errors"],
    ifPossible: values["if-possible"],
    solutions: values.solutions,
    help: values.help,
  };
}

function isScale(name: string): name is Scale {
  return (scaleNames as readonly string[]).includes(name);
}

/** The notebooks named: by name, by its beginning (00), or by path. */
export function findNotebooks(
  names: readonly string[],
  root: string,
): string[] {
  const folder = join(root, "notebooks");
  const known = readdirSync(folder)
    .filter((file) => file.endsWith(".ipynb"))
    .map(notebookName)
    .sort();
  const inFolder = (name: string) => join(folder, `${name}.ipynb`);
  if (names.length > 0) {
    return names.map((name) => findNotebook(name, known) ?? inFolder(name));
  }
  if (known.length === 0) {
    throw new RangeError(
      `notebooks: expected notebooks in ${folder}, got none`,
    );
  }
  return known.map(inFolder);

  function findNotebook(given: string, all: readonly string[]) {
    if (given.endsWith(".ipynb") && existsSync(given)) return resolve(given);
    const name = notebookName(given);
    const matches = all.filter((each) => each.startsWith(name));
    if (all.includes(name)) return inFolder(name);
    if (matches.length === 1) return inFolder(matches[0]);
    throw new RangeError(
      `notebooks: unknown notebook "${given}"; known: ` +
        ((matches.length > 0 ? matches : all).join(", ") || "none"),
    );
  }
}

export function notebookName(path: string): string {
  return basename(path, ".ipynb");
}

/**
 * Where an executed notebook is stored.
 *
 * In place only after a full run that nothing is compared with: what is
 * committed are the outputs of a full run.
 */
export function placeFor(
  path: string,
  { mode, out, scale, solutions }: NotebookOptions,
  root: string,
): string {
  if (out !== undefined) return join(out, basename(path));
  if (mode === "run" && scale === "full" && !solutions) return path;
  const folder = solutions ? "solutions" : scale;
  return join(root, ".pal", "notebooks", folder, basename(path));
}

/** The folder a notebook works in: its own, wherever its outputs go. */
export function folderOf(path: string): string {
  return dirname(path);
}

/**
 * What a notebook's kernel finds in its environment.
 *
 * A run that is compared recalls nothing from earlier ones.
 */
export function environmentOf({
  mode,
  scale,
}: NotebookOptions): Record<string, string> {
  const environment = { PAL_SCALE: scale };
  return mode === "run" ? environment : { ...environment, PAL_FRESH: "1" };
}
