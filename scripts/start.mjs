/**
 * `npm start`: sets up what is missing, runs the main notebook headless, and
 * prints its table and where its pictures are.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { hasTensorflow } from "./setup/engine.mjs";
import { palFolder, root } from "./setup/paths.mjs";
import { inheritSource } from "./setup/spawn.mjs";
import { reportFault, setUp } from "./setup.mjs";

const notebook = "00-start-here";
const runner = join("notebooks", "runner", "main.ts");

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
function options() {
  const given = process.argv.slice(2);
  if (process.env.PAL_SCALE)
    return ["--scale", process.env.PAL_SCALE, ...given];
  if (given.some((word) => word.startsWith("--scale"))) return given;
  if (["wasm", "webgpu"].includes(process.env.PAL_ENGINE) || !hasTensorflow()) {
    console.log(
      "Without TensorFlow the quick scale is run; npm start -- --scale full " +
        "runs it all.",
    );
    return ["--scale", "quick", ...given];
  }
  return ["--scale", "full", ...given];
}

try {
  await setUp({ command: "npm start" });
  const begin = Date.now() - 1000;
  process.exitCode = await inheritSource(runner, [
    notebook,
    "--out",
    join(palFolder, "notebooks"),
    ...options(),
  ]);
  if (process.exitCode === 0) printResults(begin);
} catch (error) {
  reportFault(error);
}
