/** `npm run bench -- <name>`: benchmarks print side-by-side tables. */
import { inheritSource } from "./setup/spawn.mjs";
import { reportFault, setUp } from "./setup.mjs";

try {
  await setUp({ quiet: true, command: "the same command" });
  const args = process.argv.slice(2);
  process.exitCode = await inheritSource("bench/main.ts", args);
} catch (error) {
  reportFault(error);
}
