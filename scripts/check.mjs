/**
 * `npm run check`: format, lint, types, dead exports and licences.
 *
 * `-- --write` mends what it can.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readArguments } from "./setup/arguments.mjs";
import { root } from "./setup/paths.mjs";
import { inherit } from "./setup/spawn.mjs";
import { reportFault, setUp } from "./setup.mjs";

const modules = join(root, "node_modules");

/** 1 where a package has a licence that is not listed, else 0. */
async function checkLicences() {
  // After set-up only: it needs a package.
  const { licenceFaults } = await import("./licences.mjs");
  const list = join(root, "scripts", "licences.json");
  const folders = [root, join(root, "notebooks", "kernel")];
  const faults = licenceFaults(folders, JSON.parse(readFileSync(list, "utf8")));
  for (const fault of faults) console.error(fault);
  return faults.length > 0 ? 1 : 0;
}

const command = {
  name: "check",
  help: `npm run check -- [options]

Checks format, lint, types, dead exports and licences.

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
    await checkLicences(),
  ];
  process.exitCode = Math.max(...codes);
  if (process.exitCode === 0)
    console.log("Format, lint, types, exports and licences: no fault.");
}

try {
  const options = readArguments(command);
  if (options) await main(options);
} catch (error) {
  reportFault(error);
}
