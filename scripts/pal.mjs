/** `npm run pal -- <command>`: sets up what is missing, then runs the command. */
import { join } from "node:path";
import { root } from "./setup/paths.mjs";
import { inherit } from "./setup/spawn.mjs";
import { reportFault, setUp } from "./setup.mjs";

try {
  await setUp({ quiet: true, command: "the same command" });
  const main = join(root, "lib", "dist", "cli", "main.js");
  const args = process.argv.slice(2);
  process.exitCode = await inherit(process.execPath, [main, ...args]);
} catch (error) {
  reportFault(error);
}
