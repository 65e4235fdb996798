#!/usr/bin/env node
/**
 * `npm run lab`: opens the notebooks in JupyterLab.
 *
 * JupyterLab lives in `.venv`, made here on the first run with the versions of
 * `notebooks/kernel/requirements.txt`. A stamp in it says that it is whole;
 * without the stamp, or with other requirements, it is made anew.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isMain, kernelName, registerKernel } from "./kernel.mjs";
import { readArguments } from "./setup/arguments.mjs";
import { stoppable, wholeOrNot } from "./setup/interrupt.mjs";
import { kernelFolder, root } from "./setup/paths.mjs";
import { run, SetupError, step } from "./setup/run.mjs";
import { inherit } from "./setup/spawn.mjs";
import { hashOf, writeWhole } from "./setup/stamp.mjs";
import { copyNotebooks, workFolder } from "./setup/work.mjs";
import { reportFault, setUp } from "./setup.mjs";

export const venvFolder = join(root, ".venv");
const requirements = join(kernelFolder, "requirements.txt");
const stamp = join(venvFolder, "pal-lab.stamp");
const leastPython = [3, 10];
/** Seconds that pip may take in all. */
const limit = 600;

const help = `npm run lab -- [options] [options of jupyter lab]

Opens copies of the notebooks, in work/, in JupyterLab, from .venv (made on the
first run). Your edits stay there from run to run; the stored notebooks with
their full-scale outputs are not touched. A copy that you did not change follows
the stored one; delete a copy to begin it afresh.

  --setup-only  make all ready, open nothing
  --no-browser  print the address instead of opening it`;

const command = { name: "lab", help, flags: ["setup-only"], rest: "all" };

/** The .venv's Python. */
export const venvPython =
  process.platform === "win32"
    ? join(venvFolder, "Scripts", "python.exe")
    : join(venvFolder, "bin", "python");

/** Raised when what is made around the packages changes. */
const layout = "2";
const wantedStamp = () => hashOf([process.platform, layout], [requirements]);

/** Whether .venv is whole and has the versions asked for. */
export function venvIsReady() {
  return (
    existsSync(venvPython) &&
    existsSync(stamp) &&
    readFileSync(stamp, "utf8") === wantedStamp()
  );
}

/** A command that starts a Python new enough, by $PAL_PYTHON or by name. */
async function findPython() {
  const ask = "import sys; print(*sys.version_info[:2])";
  const seen = [];
  for (const name of [process.env.PAL_PYTHON, "python3", "python"]) {
    if (!name) continue;
    const answer = await run(name, ["-c", ask], { log: "python" }).catch(
      () => undefined, // not there: the next name
    );
    const found = answer?.trim().split(" ").map(Number);
    if (!found) continue;
    const [major, minor] = found;
    if (major === leastPython[0] && minor >= leastPython[1]) return name;
    seen.push(`${name} ${found.join(".")}`);
  }
  throw new SetupError(
    `expected Python ${leastPython.join(".")} or newer, ` +
      `got ${seen.join(", ") || "none"}`,
    "install it (on Debian: apt-get install python3 python3-venv), or name " +
      "one in PAL_PYTHON. The notebooks also run without it: npm run notebooks",
  );
}

async function makeVenv(python) {
  try {
    await run(python, ["-m", "venv", venvFolder], { log: "venv" });
  } catch (cause) {
    const without = /ensurepip|No module named venv/.test(cause.message);
    throw new SetupError(
      without
        ? `expected Python's venv module with pip, got none (${python})`
        : `.venv could not be made\n${cause.message}`,
      without
        ? "install it (on Debian: apt-get install python3-venv)"
        : "see the message above; a full disk is a usual reason",
      { cause },
    );
  }
}

async function installRequirements() {
  const once = ["--retries", "1", "--timeout", "10"];
  const quiet = ["--disable-pip-version-check", "--no-input", "-q"];
  const args = ["-m", "pip", "install", ...once, ...quiet, "-r", requirements];
  try {
    await run(venvPython, args, { log: "pip", limit });
  } catch (cause) {
    const unreachable =
      /connection|timed out|retrying|no matching distribution|name resolution/i;
    const remedy = unreachable.test(cause.message)
      ? "check that pip reaches its package index (a proxy? PIP_INDEX_URL?)"
      : "see .pal/logs/pip.log";
    throw new SetupError(
      `JupyterLab could not be installed\n${cause.message}`,
      `${remedy}, then run npm run lab again. The notebooks also run without ` +
        "JupyterLab: npm run notebooks",
      { cause },
    );
  }
}

/** JupyterLab asks nothing of the network, and asks the user nothing. */
const labSettings = {
  "@jupyterlab/apputils-extension:notification": {
    checkForUpdates: false,
    fetchNews: "false",
  },
};

/**
 * Makes .venv with JupyterLab unless it is there and whole.
 *
 * @returns for `step`: text, and whether there was anything to do
 */
export async function ensureVenv() {
  if (venvIsReady()) return { text: "up to date", done: false };
  const clear = () => rmSync(venvFolder, { recursive: true, force: true });
  clear();
  const python = await findPython();
  await wholeOrNot(clear, async () => {
    await makeVenv(python);
    await installRequirements();
  });
  writeWhole(
    join(venvFolder, "share", "jupyter", "lab", "settings", "overrides.json"),
    `${JSON.stringify(labSettings, null, 2)}\n`,
  );
  // Or JupyterLab's own scripts would be read as this package's: ES modules.
  writeWhole(join(venvFolder, "package.json"), '{ "type": "commonjs" }\n');
  writeWhole(stamp, wantedStamp());
  return { text: "installed in .venv", done: true };
}

/** Makes all ready that JupyterLab needs, a line per step. */
export async function setUpLab(options = {}) {
  await step("JupyterLab", ensureVenv, options);
  await step(
    "kernel in .venv",
    async () => {
      registerKernel({ prefix: venvFolder });
      return { text: "registered", done: false };
    },
    options,
  );
}

/** Runs JupyterLab until it ends; Ctrl-C is its own to answer. */
function openLab(args) {
  const own = [
    // The stored notebooks lie outside: Jupyter saves unasked what is open.
    `--ServerApp.root_dir=${workFolder}`,
    "--LabApp.default_url=/lab",
    `--MultiKernelManager.default_kernel_name=${kernelName}`,
  ];
  return inherit(venvPython, ["-m", "jupyterlab", ...own, ...args]);
}

async function main(options) {
  await setUp({ command: "npm run lab" });
  await stoppable("npm run lab", () => setUpLab());
  copyNotebooks(console.log);
  return options["setup-only"] ? 0 : openLab(options.rest);
}

if (isMain(import.meta.url)) {
  try {
    const options = readArguments(command);
    if (options) process.exitCode = await main(options);
  } catch (error) {
    reportFault(error);
  }
}
