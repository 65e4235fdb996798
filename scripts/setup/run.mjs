/** Runs steps and commands: a line per step, its time, and what went wrong. */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
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
 * @param options - quiet: no line where nothing was to be done
 */
export async function step(name, work, { quiet = false } = {}) {
  const begin = performance.now();
  const live = process.stdout.isTTY;
  if (live) process.stdout.write(`  ..  ${name}`);
  const say = (mark, text) => {
    if (live) process.stdout.write("\r\x1b[2K");
    const [first, ...more] = text.split("\n");
    console.log(`  ${mark}  ${name.padEnd(16)} ${first} (${seconds(begin)} s)`);
    for (const line of more) console.log(`      ${"".padEnd(16)} ${line}`);
  };
  try {
    const { text, done } = await work();
    if (done || !quiet) say("ok", text);
    else if (live) process.stdout.write("\r\x1b[2K");
  } catch (error) {
    say("--", error.message.split("\n")[0]);
    throw error;
  }
}

const children = new Set();
let interrupted = false;

/** Ends the running commands on Ctrl-C; what is finished stays finished. */
export function stopOnInterrupt(again) {
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => {
      interrupted = true;
      for (const child of children) child.kill(signal);
      process.stdout.write(
        `\nInterrupted. Nothing is half-made: ${again} continues.\n`,
      );
      process.exit(signal === "SIGINT" ? 130 : 143);
    });
  }
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
    });
    children.add(child);
    const timer = setTimeout(() => child.kill("SIGTERM"), limit * 1000);
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
      children.delete(child);
      if (interrupted) return;
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
