/** `npm run check`: format, lint and types. `-- --write` mends what it can. */
import { join } from "node:path";
import { root } from "./setup/paths.mjs";
import { inherit } from "./setup/spawn.mjs";
import { reportFault, setUp } from "./setup.mjs";

const modules = join(root, "node_modules");

try {
  await setUp({ quiet: true, command: "npm run check" });
  const codes = [
    await inherit(process.execPath, [
      join(modules, "@biomejs", "biome", "bin", "biome"),
      ...["check", "--error-on-warnings", ...process.argv.slice(2), "."],
    ]),
    await inherit(process.execPath, [
      join(modules, "typescript", "bin", "tsc"),
      ...["-p", "."],
    ]),
  ];
  process.exitCode = Math.max(...codes);
  if (process.exitCode === 0) console.log("Format, lint and types: no fault.");
} catch (error) {
  reportFault(error);
}
