import { mkdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { compareNotebooks } from "../compare.ts";
import { type Notebook, readNotebook, writeNotebook } from "../format.ts";
import { runNotebook } from "../run-notebook.ts";
import { notShown, readSolved, solutionsPath } from "../solutions.ts";
import { tslabCommand } from "../tslab.ts";
import { havePython, runByJupyter } from "./jupyter.ts";
import {
  cellPrinter,
  failureLines,
  type Terminal,
  terminalOf,
} from "./lines.ts";
import {
  environmentOf,
  folderOf,
  help,
  type NotebookOptions,
  notebookName,
  placeFor,
  readOptions,
} from "./options.ts";

/** What every notebook of one command shares. */
interface Session {
  readonly options: NotebookOptions;
  readonly root: string;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type EndingSignal = keyof typeof exitCodes;

/**
 * `npm run notebooks`: runs notebooks and stores or compares their outputs.
 *
 * @param root - folder of the repository
 * @returns the exit code: see the help text
 */
export async function notebooks(
  args: readonly string[],
  root = process.cwd(),
): Promise<number> {
  const terminal = terminalOf(process.stdout);
  let options: NotebookOptions;
  try {
    options = readOptions(args, root);
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  if (options.help) {
    console.log(help);
    return 0;
  }
  if (options.mode === "against-jupyter" && !(await havePython(root))) {
    const { ifPossible } = options;
    const word = ifPossible ? "our runner alone" : "stopped";
    console.error(`  --  real Jupyter is not to be had here: ${word}`);
    if (!ifPossible) return 1;
    options = { ...options, mode: "run" };
  }
  return untilSignal((signal) => runAll({ options, root, terminal, signal }));
}

/** Runs `work`; Ctrl-C and its like abort it and give their exit code. */
async function untilSignal(
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const controller = new AbortController();
  const names = Object.keys(exitCodes) as EndingSignal[];
  let received: EndingSignal | undefined;
  const abort = (name: EndingSignal) => {
    received ??= name;
    controller.abort(new Error(`notebooks: ended by ${name}`));
  };
  for (const name of names) process.on(name, abort);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (received === undefined) throw error;
    console.error("\nInterrupted: the kernel is stopped, nothing was stored.");
    return exitCodes[received];
  } finally {
    for (const name of names) process.off(name, abort);
  }
}

async function runAll(session: Session): Promise<number> {
  let bad = 0;
  for (const path of session.options.paths) {
    try {
      if (!(await runOne(path, session))) bad++;
    } catch (error) {
      if (session.signal.aborted) throw error;
      bad++;
      session.terminal.write(`  --  ${(error as Error).message}\n`);
    }
  }
  const { length } = session.options.paths;
  if (length > 1) {
    session.terminal.write(`${length - bad} of ${length} notebooks fine\n`);
  }
  return bad === 0 ? 0 : 1;
}

/** @returns whether the notebook ran, and compared equal where asked */
async function runOne(path: string, session: Session): Promise<boolean> {
  const { options, root, terminal } = session;
  const { mode } = options;
  const name = notebookName(path);
  const stored = options.solutions ? readSolved(path) : readNotebook(path);
  if (mode === "check") checkScale(stored, path, options);

  const ran = await runHere(path, stored, session);
  const { failures, nLeftRunning, notebook, seconds } = ran;
  const place = placeFor(path, options, root);
  mkdirSync(dirname(place), { recursive: true });
  writeNotebook(place, notebook);
  for (const failure of failures) {
    terminal.write(`${failureLines(name, failure)}\n`);
  }
  if (nLeftRunning > 0) {
    terminal.write(
      `      ${name}: its cells left ${nLeftRunning} timers or requests ` +
        "running; what they would have done is not known\n",
    );
  }
  const mark = failures.length === 0 ? "ok" : "--";
  terminal.write(
    `  ${mark}  ${name}: ${seconds.toFixed(1)} s, ` +
      `${relative(root, place) || place}\n`,
  );
  if (failures.length > 0) return false;
  if (options.solutions) return areShown(path, notebook, session);
  if (mode === "check")
    return sameAs("the stored outputs", stored, notebook, session);
  if (mode === "run") return true;

  const byJupyter = await runByJupyter(path, session);
  return sameAs("Jupyter's outputs", byJupyter, notebook, session);
}

async function runHere(path: string, stored: Notebook, session: Session) {
  const { options, root, signal, terminal } = session;
  const printer = cellPrinter(notebookName(path), terminal);
  try {
    const result = await runNotebook(stored, {
      kernel: {
        command: tslabCommand(join(root, "notebooks", "kernel")),
        folder: folderOf(path),
        env: environmentOf(options),
      },
      secondsPerCell: options.seconds,
      allowErrors: options.allowErrors,
      signal,
      onCell: printer.onCell,
    });
    return { ...result, notebook: withScale(result.notebook, options.scale) };
  } finally {
    printer.end();
  }
}

/** Whether the solved exercises show what their solutions promise. */
function areShown(path: string, ran: Notebook, { terminal }: Session): boolean {
  const faults = notShown(ran, readNotebook(solutionsPath(path)));
  for (const fault of faults) terminal.write(`  --  ${fault}\n`);
  if (faults.length === 0) terminal.write("  ok  the solutions are right\n");
  return faults.length === 0;
}

function withScale(notebook: Notebook, scale: string): Notebook {
  return { ...notebook, metadata: { ...notebook.metadata, pal_scale: scale } };
}

/** Outputs of two scales differ by design: comparing them says nothing. */
function checkScale(
  { metadata }: Notebook,
  path: string,
  { scale }: NotebookOptions,
): void {
  const { pal_scale: stored = "full" } = metadata;
  if (stored === scale) return;
  throw new RangeError(
    `notebooks: expected --scale ${stored}, at which ${notebookName(path)} ` +
      `was stored, got ${scale}`,
  );
}

function sameAs(
  what: string,
  expected: Notebook,
  actual: Notebook,
  { terminal }: Session,
): boolean {
  const differences = compareNotebooks(expected, actual);
  for (const { cell, diff, source } of differences) {
    const lines = diff.map((line) => `      ${line}`).join("\n");
    terminal.write(
      `  --  code cell ${cell} differs from ${what}: ` +
        `${source}\n${lines}\n`,
    );
  }
  if (differences.length === 0) {
    terminal.write(`  ok  same as ${what}\n`);
  }
  return differences.length === 0;
}
