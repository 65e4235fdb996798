/**
 * `npm run doctor`: what this machine has, which engine will be used and why,
 * and what is missing with the command that mends it. Changes nothing but logs.
 */
import { existsSync } from "node:fs";
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { join } from "node:path";
import { ArgumentError, readArguments } from "./setup/arguments.mjs";
import { findCompiler } from "./setup/binding.mjs";
import { freeDisk, requireDisk } from "./setup/disk.mjs";
import { hasNvidiaGpu } from "./setup/engine.mjs";
import { stoppable } from "./setup/interrupt.mjs";
import { readMeasured } from "./setup/measure.mjs";
import { describeNode } from "./setup/nodes.mjs";
import { kernelFolder, root } from "./setup/paths.mjs";
import { endWithReader, run, SetupError } from "./setup/run.mjs";
import { findPython } from "./setup/wheel.mjs";

const gibibytes = (bytes) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** A row's value, or its fault and remedy. */
async function answer(ask) {
  try {
    return { ok: true, text: await ask() };
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    const text = error.message.trim().split("\n").at(-1);
    return { ok: false, text, remedy: error.remedy };
  }
}

function present(path, text, remedy) {
  if (existsSync(path)) return text;
  throw new SetupError("missing", remedy);
}

const version = async (command, args) => {
  const text = await run(command, args, { log: "doctor", limit: 30 });
  return text.trim().split("\n").at(-1);
};

/** The engine that `auto` or PAL_ENGINE gives, asked of the library itself. */
async function engineLine() {
  const main = join(root, "lib", "dist", "cli", "main.js");
  present(main, "", "npm run setup");
  try {
    const text = await run(process.execPath, [main, "engine"], {
      log: "doctor-engine",
      limit: 120,
    });
    return text.trim();
  } catch (error) {
    throw new SetupError(error.message, "npm run setup", { cause: error });
  }
}

const disk = () => {
  requireDisk(3, "set-up", "free some, or use PAL_ENGINE=wasm");
  return `${gibibytes(freeDisk())} free`;
};

const rows = [
  ["Node", () => describeNode(process.version)],
  ["npm", () => version("npm", ["--version"])],
  ["git", () => version("git", ["--version"])],
  ["Python, pip", async () => (await findPython()).pip],
  ["C++ compiler", async () => (await findCompiler()).version],
  [
    "processor",
    () => `${availableParallelism()} x ${cpus()[0]?.model ?? "unknown"}`,
  ],
  ["memory", () => `${gibibytes(freemem())} free of ${gibibytes(totalmem())}`],
  ["disk", disk],
  [
    "NVIDIA GPU",
    async () => ((await hasNvidiaGpu()) ? "yes" : "none that nvidia-smi sees"),
  ],
  [
    "npm packages",
    () => present(join(root, "node_modules"), "installed", "npm run setup"),
  ],
  [
    "kernel (tslab)",
    () =>
      present(
        join(kernelFolder, "node_modules", "tslab"),
        "installed",
        "npm run setup",
      ),
  ],
  [
    "library",
    () =>
      present(
        join(root, "lib", "dist", "index.js"),
        "compiled",
        "npm run setup",
      ),
  ],
  ["engine", engineLine],
  [
    "settings",
    () => readMeasured()?.text ?? "not measured; npm run setup -- --measure",
  ],
  [
    "JupyterLab",
    () =>
      present(
        join(root, ".venv"),
        "in .venv",
        "npm run lab (only to open notebooks; nothing else needs it)",
      ),
  ],
];

const command = {
  name: "doctor",
  help: `npm run doctor

Tells what this machine has, which engine is used and why, what is missing and
what mends it. Changes nothing.`,
};

async function main() {
  let missing = 0;
  for (const [name, ask] of rows) {
    const { ok, text, remedy } = await answer(async () => ask());
    const [first, ...more] = text.split("\n");
    console.log(`  ${ok ? "ok" : "--"}  ${name.padEnd(16)} ${first}`);
    for (const line of more) console.log(`      ${"".padEnd(16)} ${line}`);
    if (ok) continue;
    missing++;
    if (remedy) console.log(`      ${"".padEnd(16)} remedy: ${remedy}`);
  }
  console.log(
    missing === 0
      ? "\nNothing is missing."
      : `\n${missing} missing: see above.`,
  );
}

endWithReader();
try {
  if (readArguments(command)) await stoppable("npm run doctor", main);
} catch (error) {
  if (!(error instanceof ArgumentError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
