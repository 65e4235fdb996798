/** `npm run check`: format, lint, types and dead exports. `-- --write` mends what it can. */
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
    await inherit(process.execPath, [join(modules, "knip", "bin", "knip.js")]),
  ];
  process.exitCode = Math.max(...codes);
  if (process.exitCode === 0)
    console.log("Format, lint, types and exports: no fault.");
} catch (error) {
  reportFault(error);
}
