/**
 * One set-up at a time in a checkout, and no command left over from an earlier
 * one: two `npm ci` in one folder break each other.
 */
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { endGroup } from "./interrupt.mjs";
import { palFolder } from "./paths.mjs";
import { identify, isRunning } from "./processes.mjs";
import { writeWhole } from "./stamp.mjs";

const lockFile = join(palFolder, "setup.lock");
/** A file for each command that runs. */
const commandFolder = join(palFolder, "running");
const pause = 200; // ms

function readIf(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Writes down that a command runs; returns what takes the note away. */
export function noteCommand(pid, command) {
  const path = join(commandFolder, String(pid));
  try {
    const owner = identify(process.pid);
    writeWhole(path, JSON.stringify({ ...identify(pid), command, owner }));
  } catch (error) {
    // Nothing can be made here either: the command itself will say so.
    if (!["EACCES", "EROFS", "ENOSPC"].includes(error.code)) throw error;
  }
  return () => rmSync(path, { force: true });
}

function lockOnce(content) {
  mkdirSync(palFolder, { recursive: true });
  try {
    writeFileSync(lockFile, content, { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

/** Takes a dead owner's lock away, and nobody else's. */
function takeAway(seen) {
  const aside = `${lockFile}.${process.pid}`;
  try {
    renameSync(lockFile, aside);
  } catch (error) {
    if (error.code === "ENOENT") return; // another one was faster
    throw error;
  }
  if (readFileSync(aside, "utf8") !== seen) linkSync(aside, lockFile);
  rmSync(aside);
}

function ownerOf(content) {
  try {
    return JSON.parse(content);
  } catch {
    return { pid: 0 }; // cut off when it was written: nobody's
  }
}

/** Ends the commands of a set-up that was killed. */
async function endOrphans(note) {
  for (const name of readdirIf(commandFolder)) {
    const path = join(commandFolder, name);
    const command = ownerOf(readIf(path) ?? "{}");
    if (isRunning(command.owner ?? { pid: 0 })) continue; // as doctor's
    if (isRunning(command)) {
      note(
        `${command.command} of a set-up that was killed still ran ` +
          `(process ${command.pid}): it is ended`,
      );
      await endGroup(command.pid, untilGone(command));
    }
    rmSync(path, { force: true });
  }
}

function readdirIf(folder) {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}

async function untilGone(process) {
  while (isRunning(process)) await wait(20);
}

/**
 * Waits until no other set-up runs here, and ends what a killed one left.
 *
 * @param note - takes a line for the user
 * @returns a function that lets the next one in
 */
export async function lockSetup(note) {
  const content = JSON.stringify(identify(process.pid));
  let told = false;
  for (;;) {
    try {
      if (lockOnce(content)) break;
    } catch (error) {
      // A checkout that cannot be written to: there is nothing to guard.
      if (["EACCES", "EROFS"].includes(error.code)) return () => {};
      throw error;
    }
    const seen = readIf(lockFile);
    if (seen === undefined) continue;
    const owner = ownerOf(seen);
    if (!isRunning(owner)) {
      takeAway(seen);
      continue;
    }
    if (!told) note(`another set-up runs here (process ${owner.pid}): waiting`);
    told = true;
    await wait(pause);
  }
  await endOrphans(note);
  return () => {
    if (readIf(lockFile) === content) rmSync(lockFile, { force: true });
  };
}
