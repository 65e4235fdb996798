/**
 * `npm run setup`: makes this checkout ready. Plain Node, no dependencies.
 *
 * Every step can be interrupted and run again: a step's stamp is written when
 * it has finished, and files get their names when they are whole. What cannot
 * be, npm's folders, is taken away when it is half-made: at the interrupt, or
 * by the next set-up where a kill left no time.
 */
import { pathToFileURL } from "node:url";
import { ArgumentError, readArguments } from "./setup/arguments.mjs";
import { buildLibrary } from "./setup/build.mjs";
import { setUpEngine } from "./setup/engine.mjs";
import { stoppable } from "./setup/interrupt.mjs";
import { lockSetup } from "./setup/lock.mjs";
import { measureSettings } from "./setup/measure.mjs";
import { checkNode } from "./setup/nodes.mjs";
import { installAll } from "./setup/packages.mjs";
import { endWithReader, note, SetupError, step } from "./setup/run.mjs";

/**
 * Does what is missing, a line per step.
 *
 * @param options - again: try a failed engine again; command: what to name
 *   when interrupted; quiet: no lines for steps that find nothing to do;
 *   measureAgain: measure TensorFlow's settings though they are known
 */
export async function setUp({ command = "npm start", ...options } = {}) {
  endWithReader();
  checkNode();
  await stoppable(command, () => alone(() => doSteps(options)));
}

/** Does the work while no other set-up runs in this checkout. */
async function alone(work) {
  const unlock = await lockSetup(note);
  process.once("exit", unlock);
  try {
    await work();
  } finally {
    unlock();
    process.off("exit", unlock);
  }
}

async function doSteps({ again, measureAgain, quiet }) {
  const begin = performance.now();
  const asked = process.env.PAL_ENGINE ?? "auto";
  const steps = [
    ...installAll,
    ["engine", () => setUpEngine(asked, { again })],
    ["library", buildLibrary],
    ["settings", () => measureSettings({ again: measureAgain })],
  ];
  if (!quiet) console.log("Set-up");
  for (const [name, work] of steps) await step(name, work, { quiet });
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  if (!quiet) console.log(`Ready in ${seconds} s.\n`);
}

/** Prints a set-up fault with its remedy; anything else keeps its trace. */
export function reportFault(error) {
  if (error instanceof ArgumentError) {
    console.error(error.message);
    process.exitCode = 2;
    return;
  }
  if (error.code === "ENOSPC") {
    error = new SetupError("the disk is full", "free some, then run it again");
  }
  if (error.syscall !== undefined && error.path !== undefined) {
    error = new SetupError(
      `expected ${error.path} to be there and writable, ` +
        `got ${error.code} (${error.syscall})`,
      "check the path, and HOME where it lies below it",
    );
  }
  if (!(error instanceof SetupError)) throw error;
  console.error(`\n${error.message}`);
  if (error.remedy) console.error(`Remedy: ${error.remedy}`);
  process.exitCode = 1;
}

const command = {
  name: "setup",
  help: `npm run setup -- [options]

Makes this checkout ready: packages, kernel, engine, library. What is ready is
left alone; an engine that failed before is tried again.

  --measure  measure TensorFlow's settings anew`,
  flags: ["measure"],
};

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const options = readArguments(command);
    const measureAgain = options?.measure;
    const ask = { again: true, command: "npm run setup", measureAgain };
    if (options) await setUp(ask);
  } catch (error) {
    reportFault(error);
  }
}
