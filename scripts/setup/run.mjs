/** Runs steps and commands: a line per step, its time, and what went wrong. */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { endGroup, isStopping, watchCommand } from "./interrupt.mjs";
import { noteCommand } from "./lock.mjs";
import { logFolder, root } from "./paths.mjs";

/** A fault of the outside world, with what the user can do about it. */
export class SetupError extends Error {
  constructor(message, remedy, options) {
    super(message, options);
    this.name = "SetupError";
    this.remedy = remedy;
  }
}

const seconds = (since) => ((performance.now() - since) / 1000).toFixed(1);

/**
 * Prints `name`, does the work, prints what it returned and the time it took.
 *
 * @param work - async function; returns { text: the line's end, done: whether
 *   there was anything to do }
 * @param options - quiet: no line where nothing was to be done; before a
 *   command whose output may be read by a program, so apart from it
 */
export async function step(name, work, { quiet = false } = {}) {
  const begin = performance.now();
  const screen = quiet ? process.stderr : process.stdout;
  const live = screen.isTTY;
  if (live) screen.write(`  ..  ${name}`);
  const say = (mark, text) => {
    if (live) screen.write("\r\x1b[2K");
    const [first, ...more] = text.split("\n");
    const time = `(${seconds(begin)} s)`;
    screen.write(`  ${mark}  ${name.padEnd(16)} ${first} ${time}\n`);
    for (const line of more) {
      screen.write(`      ${"".padEnd(16)} ${line}\n`);
    }
  };
  try {
    const { text, done } = await work();
    if (done || !quiet) say("ok", text);
    else if (live) screen.write("\r\x1b[2K");
  } catch (error) {
    say("--", error.message.split("\n")[0]);
    throw error;
  }
}

/** Prints a line between the steps' own. */
export function note(text) {
  const start = process.stderr.isTTY ? "\r\x1b[2K" : "";
  process.stderr.write(`${start}      ${text}\n`);
}

/** Ends in silence when whoever reads the output, as `head`, has enough. */
export function endWithReader() {
  process.stdout.on("error", (error) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
}

/** Keeps a command's output for whoever looks for the cause of a fault. */
function writeLog(path, output) {
  try {
    mkdirSync(logFolder, { recursive: true });
    writeFileSync(path, output);
    return `see ${relative(root, path)}`;
  } catch (error) {
    return `its log could not be written (${error.code})`;
  }
}

/** What to say of a command that did not end well. */
function describeEnd(command, args, { code, signal, output }) {
  const how = signal ? `ended by ${signal}` : `exit code ${code}`;
  const tail = output.trim().split("\n").slice(-12).join("\n");
  return `${command} ${args[0]}: ${how}\n${tail}`;
}

/** A command as a person would call it: "npm ci". */
function nameOf(command, args) {
  const [script, ...rest] =
    command === process.execPath ? args : [command, ...args];
  return [basename(script, "-cli.js"), rest[0]].filter(Boolean).join(" ");
}

/** Counts a command among the running ones, here and for the next set-up. */
function keep(child, ended, name) {
  if (child.pid === undefined) return () => {};
  const unwatch = watchCommand(child, ended);
  const unnote = noteCommand(child.pid, name);
  return () => {
    unwatch();
    unnote();
  };
}

/**
 * Runs a command; its output also goes to `.pal/logs/<log>.log`.
 *
 * @param options - log: name; cwd, env; limit: seconds before it is ended
 * @returns its standard output; warnings, which go elsewhere, are no answer
 * @throws SetupError with the last lines it printed; its `output` is all
 */
export function run(command, args, options) {
  const { log, cwd = root, env = {}, limit = 900 } = options;
  const path = join(logFolder, `${log}.log`);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own: it ends with all that it starts, and when we say.
      detached: process.platform !== "win32",
    });
    const ended = new Promise((settle) => {
      child.once("error", settle).once("close", settle);
    });
    const forget = keep(child, ended, nameOf(command, args));
    const timer = setTimeout(() => endGroup(child.pid, ended), limit * 1000);
    let output = "";
    let answer = "";
    child.stdout.setEncoding("utf8").on("data", (part) => {
      output += part;
      answer += part;
    });
    child.stderr.setEncoding("utf8").on("data", (part) => {
      output += part;
    });
    const end = (failure) => {
      clearTimeout(timer);
      forget();
      if (isStopping()) return;
      const where = writeLog(path, output);
      if (failure === undefined) resolve(answer);
      else {
        const fault = new SetupError(failure, where);
        reject(Object.assign(fault, { output }));
      }
    };
    child.on("error", (error) => end(`${command}: ${error.message}`));
    child.on("close", (code, signal) => {
      const how = { code, signal, output };
      end(code === 0 ? undefined : describeEnd(command, args, how));
    });
  });
}
