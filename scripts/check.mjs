/** `npm run check`: format, lint, types and dead exports. `-- --write` mends what it can. */
import { join } from "node:path";
import { readArguments } from "./setup/arguments.mjs";
import { root } from "./setup/paths.mjs";
import { inherit } from "./setup/spawn.mjs";
import { reportFault, setUp } from "./setup.mjs";

const modules = join(root, "node_modules");

const command = {
  name: "check",
  help: `npm run check -- [options]

Checks format, lint, types and dead exports.

  --write  mend format and lint where it can be done`,
  flags: ["write"],
};

async function main({ write }) {
  await setUp({ quiet: true, command: "npm run check" });
  const codes = [
    await inherit(process.execPath, [
      join(modules, "@biomejs", "biome", "bin", "biome"),
      ...["check", "--error-on-warnings", ...(write ? ["--write"] : []), "."],
    ]),
    await inherit(process.execPath, [
      join(modules, "typescript", "bin", "tsc"),
      ...["-p", "."],
    ]),
    await inherit(process.execPath, [join(modules, "knip", "bin", "knip.js")]),
  ];
  process.exitCode = Math.max(...codes);
  if (process.exitCode === 0)
    console.log("Format, lint, types and exports: no fault.");
}

try {
  const options = readArguments(command);
  if (options) await main(options);
} catch (error) {
  reportFault(error);
}
