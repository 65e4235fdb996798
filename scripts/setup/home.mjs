/** The folder in which npm keeps what it downloads. */
import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { SetupError } from "./run.mjs";

const cacheFolder = () =>
  process.env.npm_config_cache || join(homedir(), ".npm");

/**
 * Makes a folder and those above it, one by one.
 *
 * mkdir's own `recursive` never returns where a file system, as /proc, denies
 * that a folder is there in which it refuses to make another.
 */
function makeEach(folder) {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(folder) !== folder) makeEach(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
}

/** @throws SetupError where npm could not keep its downloads: it would hang */
export function requireHome() {
  const folder = resolve(cacheFolder());
  try {
    makeEach(folder);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new SetupError(
      `expected a folder for npm's downloads that can be written, ` +
        `got ${folder} (${error.code})`,
      "set HOME to a folder of yours, or npm_config_cache to one for npm alone",
      { cause: error },
    );
  }
}
