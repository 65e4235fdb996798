/**
 * `npm run bench -- nodes [words]`: set-up, tests and the first notebook on
 * each Node that `scripts/setup/nodes.mjs` lists, each from a clean checkout of
 * the last commit. Words choose test files, as for `npm test`.
 *
 * Each Node comes from npm. Everything lies in a temporary folder and is
 * removed at the end; output stays in `.pal/logs/node-<version>-*.log`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { cpus, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { firstFaults, type Outcome, tableOf, testLine } from "./nodes/table.ts";

const root = join(import.meta.dirname, "..");
const logs = join(root, ".pal", "logs");

let running: ChildProcess | undefined;
let stopped: NodeJS.Signals | undefined;

interface Finished {
  readonly code: number | null;
  readonly output: string;
  readonly seconds: number;
}

interface RunOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a command to its end, however it ends. */
function run(
  command: string,
  args: readonly string[],
  { cwd, env = process.env }: RunOptions,
): Promise<Finished> {
  const begin = performance.now();
  const child = spawn(command, args, {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  running = child;
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (part: string) => {
      output += part;
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      const seconds = (performance.now() - begin) / 1000;
      if (stopped) reject(new Error(`nodes: stopped by ${stopped}`));
      else resolve({ code, output, seconds });
    });
  });
}

/** As `run`, but a command that fails ends the bench. */
async function need(command: string, args: readonly string[], cwd: string) {
  const { code, output } = await run(command, args, { cwd });
  if (code === 0) return output.trim();
  throw new Error(
    `nodes: expected ${command} ${args[0]} to end well, got ${code}: ` +
      output.trim().split("\n").slice(-5).join("\n"),
  );
}

/** A Node of that major version, from the npm package of this platform. */
async function nodeOf(major: number, folder: string): Promise<string> {
  const name = `node-${process.platform}-${process.arch}`;
  mkdirSync(folder);
  const args = ["install", "--ignore-scripts", "--prefix", folder];
  await need("npm", [...args, `${name}@${major}`], folder);
  return join(folder, "node_modules", name, "bin", "node");
}

/** Set-up, tests and notebook, each tried though the one before failed. */
async function tryNode(
  node: string,
  checkout: string,
  words: readonly string[],
): Promise<Outcome> {
  const version = await need(node, ["--version"], checkout);
  const env = {
    ...process.env,
    PATH: `${dirname(node)}${delimiter}${process.env.PATH}`,
  };
  const go = async (name: string, args: readonly string[]) => {
    console.log(`  ${version}: ${args.join(" ")}`);
    const finished = await run(node, args, { cwd: checkout, env });
    const log = join(logs, `node-${version}-${name}.log`);
    writeFileSync(log, finished.output);
    if (finished.code !== 0) {
      for (const line of firstFaults(finished.output)) {
        console.error(`    ${line}`);
      }
      console.error(`    exit code ${finished.code}; see ${log}`);
    }
    return finished;
  };
  const setUp = await go("setup", ["scripts/setup.mjs"]);
  const engine = /ok {2}engine +(.*) \(/.exec(setUp.output)?.[1] ?? "none";
  const notebook = await go("notebook", [
    ...["scripts/pal.mjs", "notebooks", "00-start-here", "--scale", "smoke"],
  ]);
  const tests = await go("tests", ["scripts/test.mjs", ...words]);
  return {
    version,
    engine,
    setUp,
    notebook,
    tests: { ...tests, line: testLine(tests.output) },
  };
}

async function factsOf(words: readonly string[]) {
  const npm = await need("npm", ["--version"], root);
  const commit = await need("git", ["rev-parse", "--short", "HEAD"], root);
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: `${cpus().length} x ${cpus()[0].model.trim()}`,
    system: `${process.platform} ${process.arch}`,
    npm,
    commit,
    tests: words.length === 0 ? "all" : words.join(" "),
  };
}

export async function nodes(words: readonly string[]): Promise<void> {
  const { triedNodes } = await import(
    // Plain JavaScript, which set-up needs before anything is installed.
    "../scripts/setup/nodes.mjs" as string
  );
  const folder = mkdtempSync(join(tmpdir(), "pal-nodes-"));
  const stop = (signal: NodeJS.Signals) => {
    stopped = signal;
    running?.kill(signal);
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  mkdirSync(logs, { recursive: true });
  const outcomes: Outcome[] = [];
  try {
    for (const { major } of triedNodes) {
      const node = await nodeOf(major, join(folder, `node-${major}`));
      const checkout = join(folder, `checkout-${major}`);
      await need("git", ["clone", "--quiet", root, checkout], folder);
      outcomes.push(await tryNode(node, checkout, words));
      rmSync(checkout, { recursive: true });
    }
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
    // What a stopped command started may write for a moment longer.
    rmSync(folder, { recursive: true, maxRetries: 20, retryDelay: 100 });
  }
  const { markdown, passed } = tableOf(outcomes, await factsOf(words));
  console.log(markdown);
  const kept = join(import.meta.dirname, "results", "nodes.md");
  writeFileSync(`${kept}.part`, markdown);
  renameSync(`${kept}.part`, kept);
  if (!passed) process.exitCode = 1;
}

export { nodes as run };
