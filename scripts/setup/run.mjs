/** Runs steps and commands: a line per step, its time, and what went wrong. */
import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync, readFileSync } from "node:fs";
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

/**
 * Runs a command with its output in `.pal/logs/<log>.log`.
 *
 * @param options - log: name; cwd, env; limit: seconds before it is ended
 * @throws SetupError with the last lines of the output; its `output` is all
 */
export function run(command, args, options) {
  const { log, cwd = root, env = {}, limit = 900 } = options;
  mkdirSync(logFolder, { recursive: true });
  const path = join(logFolder, `${log}.log`);
  const file = createWriteStream(path);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.add(child);
    const timer = setTimeout(() => child.kill("SIGTERM"), limit * 1000);
    child.stdout.pipe(file, { end: false });
    child.stderr.pipe(file, { end: false });
    const end = (describe) => {
      clearTimeout(timer);
      children.delete(child);
      file.end(() => {
        if (interrupted) return;
        const failure = describe();
        if (failure === undefined) resolve(readFileSync(path, "utf8"));
        else {
          const fault = new SetupError(failure, `see ${relative(root, path)}`);
          reject(Object.assign(fault, { output: readFileSync(path, "utf8") }));
        }
      });
    };
    child.on("error", (error) => end(() => `${command}: ${error.message}`));
    child.on("close", (code, signal) =>
      end(() => {
        if (code === 0) return undefined;
        const how = signal ? `ended by ${signal}` : `exit code ${code}`;
        const tail = readFileSync(path, "utf8").trim().split("\n").slice(-12);
        return `${command} ${args[0]}: ${how}\n${tail.join("\n")}`;
      }),
    );
  });
}
