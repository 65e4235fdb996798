/**
 * `npm start`: sets up what is missing, runs the main notebook headless, and
 * prints its table and where its pictures are.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { readArguments } from "./setup/arguments.mjs";
import { hasTensorflow } from "./setup/engine.mjs";
import { palFolder, root } from "./setup/paths.mjs";
import { inheritSource } from "./setup/spawn.mjs";
import { reportFault, setUp } from "./setup.mjs";

const notebook = "00-start-here";
const runner = join("notebooks", "runner", "main.ts");

const command = {
  name: "start",
  help: `npm start -- [options]

Sets up what is missing, runs the first notebook from sound to table, and prints
its table and where its pictures are.

  --scale SCALE      smoke (seconds), quick (minutes) or full (default)
  --timeout SECONDS  longest time for one cell`,
  values: ["scale", "timeout"],
};

/** Files that the run wrote, newest last. */
function filesSince(begin) {
  const folders = ["figures", "figures/quick", "figures/smoke"];
  return folders
    .map((name) => join(root, name))
    .flatMap((folder) => {
      const found = statSync(folder, { throwIfNoEntry: false });
      if (!found) return [];
      return readdirSync(folder).map((name) => join(folder, name));
    })
    .map((path) => ({ path, found: statSync(path) }))
    .filter(({ found }) => found.isFile() && found.mtimeMs >= begin)
    .sort((a, b) => a.found.mtimeMs - b.found.mtimeMs)
    .map(({ path }) => path);
}

function printResults(begin) {
  const files = filesSince(begin);
  for (const path of files.filter((name) => name.endsWith(".md"))) {
    console.log(`\n${readFileSync(path, "utf8").trim()}`);
  }
  console.log("\nPictures");
  for (const path of files.filter((name) => name.endsWith(".png"))) {
    console.log(`  ${relative(root, path)}`);
  }
  console.log(
    `\nThe notebook as it ran: .pal/notebooks/${notebook}.ipynb` +
      "\nOpen the notebooks:     npm run lab" +
      "\nIn your own Jupyter:    npm run kernel, then choose " +
      '"PAL Lab (TypeScript)"',
  );
}

/** The user's options, or the scale that the engine at hand can do. */
function runnerOptions({ scale = process.env.PAL_SCALE, timeout }) {
  const given = timeout === undefined ? [] : ["--timeout", timeout];
  if (scale) return ["--scale", scale, ...given];
  if (["wasm", "webgpu"].includes(process.env.PAL_ENGINE) || !hasTensorflow()) {
    console.log(
      "Without TensorFlow the quick scale is run; npm start -- --scale full " +
        "runs it all.",
    );
    return ["--scale", "quick", ...given];
  }
  return ["--scale", "full", ...given];
}

async function main(options) {
  await setUp({ command: "npm start" });
  const begin = Date.now() - 1000;
  process.exitCode = await inheritSource(runner, [
    notebook,
    "--out",
    join(palFolder, "notebooks"),
    ...runnerOptions(options),
  ]);
  if (process.exitCode === 0) printResults(begin);
}

try {
  const options = readArguments(command);
  if (options) await main(options);
} catch (error) {
  reportFault(error);
}
