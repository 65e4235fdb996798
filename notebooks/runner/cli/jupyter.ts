import { type SpawnOptions, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Notebook, readNotebook } from "../format.ts";
import { environmentOf, type NotebookOptions } from "./options.ts";

interface JupyterRun {
  readonly options: NotebookOptions;
  readonly root: string;
  readonly signal: AbortSignal;
}

/** Of the .venv, from the root. */
export const python =
  process.platform === "win32"
    ? join(".venv", "Scripts", "python.exe")
    : join(".venv", "bin", "python");

/** Makes the .venv if need be; false when it cannot be had (it says why). */
export async function havePython(root: string): Promise<boolean> {
  const script = join(root, "scripts", "lab.mjs");
  const code = await exitCodeOf(process.execPath, [script, "--setup-only"], {
    cwd: root,
  });
  return code === 0;
}

/** Runs a notebook with Jupyter's own nbclient; the .venv must be there. */
export async function runByJupyter(
  path: string,
  { options, root, signal }: JupyterRun,
): Promise<Notebook> {
  const parent = join(root, ".pal", "notebooks");
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "jupyter-"));
  const output = join(folder, "executed.ipynb");
  try {
    const args = [
      join(root, "notebooks", "kernel", "run_notebook.py"),
      path,
      output,
      String(options.seconds),
    ];
    const code = await exitCodeOf(join(root, python), args, {
      cwd: dirname(path),
      env: { ...process.env, ...environmentOf(options) },
      signal,
      killSignal: "SIGINT",
    });
    signal.throwIfAborted();
    if (code !== 0) {
      throw new Error(
        `runByJupyter: ${path}: expected Jupyter to run it, ` +
          `got exit code ${code}`,
      );
    }
    return readNotebook(output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a program in the user's terminal. */
export function exitCodeOf(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    child.once("error", reject);
    child.once("close", resolve);
  });
}
