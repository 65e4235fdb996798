import { readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { headRecords } from "./tfevents.ts";

const begin = "events.out.tfevents.";

/**
 * Cuts the events of earlier sessions to the steps that are done, and names the
 * file of a new one.
 *
 * A file for each session, and none removed: a TensorBoard that is open goes
 * from file to file by name, and stays where its file is gone.
 *
 * @param session - when it starts, and how many steps are done
 */
export function nextEventFile(
  folder: string,
  session: { readonly startedAt: string; readonly fromStep: number },
): string {
  const old = readdirSync(folder).filter((name) => name.startsWith(begin));
  for (const name of old) {
    const path = join(folder, name);
    const steps = session.fromStep - fromStepOf(path);
    truncateSync(path, endOf(path, headRecords + Math.max(0, steps)));
  }
  const seconds = Math.floor(Date.parse(session.startedAt) / 1000);
  return join(folder, `${begin}${seconds}.${old.length}.${session.fromStep}`);
}

/** Steps that were done before a file's first, by its name. */
function fromStepOf(path: string): number {
  const found = /\.\d+\.\d+\.(\d+)$/.exec(path);
  if (found !== null) return Number(found[1]);
  throw new Error(
    `openRunLog: expected only events of this run's log, got ${path}; ` +
      "move it to another folder",
  );
}

/** Where a file's first records end, or its last whole one. */
function endOf(path: string, records: number): number {
  const bytes = readFileSync(path);
  let end = 0;
  for (let i = 0; i < records && end + 8 <= bytes.length; i++) {
    // Length, its checksum, the message, and the checksum of that.
    const next = end + 8 + 4 + Number(bytes.readBigUInt64LE(end)) + 4;
    if (next > bytes.length) break;
    end = next;
  }
  return end;
}
