/** `npm run bench -- <name>`: benchmarks print side-by-side tables. */
import { inherit } from "./setup/spawn.mjs";
import { reportFault, setUp } from "./setup.mjs";

try {
  await setUp({ quiet: true, command: "the same command" });
  const args = ["--import", "tsx", "bench/main.ts", ...process.argv.slice(2)];
  process.exitCode = await inherit(process.execPath, args);
} catch (error) {
  reportFault(error);
}
