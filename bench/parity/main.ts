/** `npm run pal -- parity FOLDER`: our numbers beside the official code's. */
import { parity } from "../parity.ts";

process.exitCode = await parity(process.argv.slice(2));
