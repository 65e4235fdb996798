/** Tells a log six steps, and is killed in the middle of the seventh. */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { open, tell } from "./support.ts";

const [folder] = process.argv.slice(2);
tell(open(folder), 1, 6);
appendFileSync(join(folder, "metrics.jsonl"), '{"step":7,"lo');
process.kill(process.pid, "SIGKILL");
