/** `npm run notebooks -- ...`: runs notebooks with the real kernel. */
import { notebooks } from "./cli/notebooks.ts";

process.exitCode = await notebooks(process.argv.slice(2));
