#!/usr/bin/env node
/**
 * `npm run kernel`: makes the kernel known to Jupyter.
 *
 * Into the user's own Jupyter, or with `--prefix DIR` into an environment.
 * `--remove` takes it away. Sets up what the kernel needs; no Python.
 */
import { existsSync, mkdirSync, realpathSync, rmSync } from "node:fs";
import { homedir, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readArguments } from "./setup/arguments.mjs";
import { kernelFolder } from "./setup/paths.mjs";
import { SetupError } from "./setup/run.mjs";
import { writeWhole } from "./setup/stamp.mjs";
import { copyNotebooks } from "./setup/work.mjs";
import { reportFault, setUp } from "./setup.mjs";

export const kernelName = "pal-lab";
const displayName = "PAL Lab (TypeScript)";
const largestHeap = 8192; // MiB

const help = `npm run kernel -- [options]

Registers the kernel "${displayName}" in your own Jupyter, and
copies the notebooks to work/ (your edits stay; see npm run lab -- --help).

  --prefix DIR  register it in DIR/share/jupyter instead (a venv, conda)
  --remove      take it away again`;

/** The user's Jupyter data folder, by Jupyter's own rules. */
export function jupyterDataDir(
  env = process.env,
  platform = process.platform,
  home = homedir(),
) {
  if (env.JUPYTER_DATA_DIR) return env.JUPYTER_DATA_DIR;
  if (platform === "darwin") return join(home, "Library", "Jupyter");
  if (platform === "win32") {
    if (env.APPDATA) return join(env.APPDATA, "jupyter");
    return join(env.JUPYTER_CONFIG_DIR || join(home, ".jupyter"), "data");
  }
  return join(env.XDG_DATA_HOME || join(home, ".local", "share"), "jupyter");
}

/** Where the kernel's kernelspec lies, by user or under a prefix. */
export function kernelspecFolder(prefix) {
  const data = prefix
    ? join(resolve(prefix), "share", "jupyter")
    : jupyterDataDir();
  return join(data, "kernels", kernelName);
}

/** What Jupyter needs to start the kernel; all paths absolute. */
export function kernelspec(folder = kernelFolder) {
  const heap = Math.min(largestHeap, Math.floor(totalmem() / 2 ** 21));
  return {
    argv: [
      process.execPath,
      `--max-old-space-size=${heap}`,
      "--require",
      join(folder, "preload.cjs"),
      join(folder, "node_modules", "tslab", "bin", "tslab"),
      "kernel",
      "--config-path",
      "{connection_file}",
    ],
    display_name: displayName,
    language: "typescript",
    interrupt_mode: "signal",
  };
}

/**
 * Writes the kernelspec; the same again changes nothing.
 *
 * @param prefix - of an environment; without it, the user's own Jupyter
 * @returns the kernelspec's folder
 */
export function registerKernel({ prefix, folder = kernelFolder } = {}) {
  const spec = kernelspec(folder);
  const missing = spec.argv
    .filter((part) => part.startsWith(folder))
    .find((path) => !existsSync(path));
  if (missing) {
    throw new SetupError(
      `registerKernel: expected the kernel at ${missing}, got none`,
      "run npm run setup",
    );
  }
  const target = kernelspecFolder(prefix);
  mkdirSync(target, { recursive: true });
  writeWhole(join(target, "kernel.json"), `${JSON.stringify(spec, null, 2)}\n`);
  return target;
}

/** Takes the kernelspec away; returns whether there was one. */
export function removeKernel({ prefix } = {}) {
  const target = kernelspecFolder(prefix);
  const there = existsSync(target);
  rmSync(target, { recursive: true, force: true });
  return there;
}

const command = {
  name: "kernel",
  help,
  flags: ["remove"],
  values: ["prefix"],
};

async function main(options) {
  if (options.remove) {
    const target = kernelspecFolder(options.prefix);
    const removed = removeKernel(options);
    console.log(removed ? `removed ${target}` : `nothing at ${target}`);
  } else {
    await setUp({ quiet: true, command: "npm run kernel" });
    copyNotebooks(console.log);
    console.log(`registered "${displayName}": ${registerKernel(options)}`);
  }
}

/** Whether Node was started with this very file. */
export function isMain(moduleUrl) {
  const started = process.argv[1];
  if (started === undefined || !existsSync(started)) return false;
  return realpathSync(started) === realpathSync(fileURLToPath(moduleUrl));
}

if (isMain(import.meta.url)) {
  try {
    const options = readArguments(command);
    if (options) await main(options);
  } catch (error) {
    reportFault(error);
  }
}
