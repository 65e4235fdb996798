import { existsSync, mkdirSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { type Appender, openAppender } from "../files/append.ts";
import { hold } from "../files/hold.ts";
import { nextEventFile } from "./event-files.ts";
import { type MetricsLine, wholeLines } from "./metrics.ts";
import {
  beginRecord,
  nextRecord,
  type RunHeader,
  type RunRecord,
  type RunSession,
  readRun,
  writeRun,
} from "./record.ts";
import { eventsHead } from "./tfevents.ts";

/** A run's files, brought to where the run goes on. */
export interface LogFiles {
  readonly record: RunRecord;
  /** The steps that are done. */
  readonly lines: readonly MetricsLine[];
  readonly metrics: Appender;
  readonly events: Appender;
  readonly writeRecord: (record: RunRecord) => void;
  /** Closes what is open, and lets go of the folder. */
  readonly close: () => void;
}

/** How a log is opened. */
interface LogOpening {
  readonly session: RunSession;
  /** Also where the run is done. */
  readonly reopens: boolean;
}

/** Opens the files in a folder that is this process's until they are closed. */
export function openLogFiles(
  folder: string,
  header: RunHeader,
  { reopens, session }: LogOpening,
): LogFiles {
  mkdirSync(folder, { recursive: true });
  const undo = [holdFolder(folder)];
  const close = () => {
    for (const step of undo.reverse()) step();
  };
  const path = join(folder, "run.json");
  const metricsPath = join(folder, "metrics.jsonl");
  try {
    const record = recordAt(path, header, { reopens, session });
    const lines = cutLines(metricsPath, session.fromStep);
    const metrics = openAppender(metricsPath);
    undo.push(metrics.close);
    const events = openAppender(nextEventFile(folder, session));
    undo.push(events.close);
    const begun = new Date(session.startedAt);
    events.write(eventsHead(begun, session.fromStep + 1));
    const writeRecord = (next: RunRecord) => writeRun(path, next);
    writeRecord(record);
    return { record, lines, metrics, events, writeRecord, close };
  } catch (error) {
    close();
    throw error;
  }
}

function holdFolder(folder: string): () => void {
  const release = hold(join(folder, ".lock"));
  if (release !== undefined) return release;
  throw new Error(
    "openRunLog: expected a run that nobody else is at, got one that another " +
      `log is open for (${folder}); wait for its end, or choose another folder`,
  );
}

function recordAt(
  path: string,
  header: RunHeader,
  opening: LogOpening,
): RunRecord {
  const { session } = opening;
  if (existsSync(path)) return nextRecord(readRun(path), header, opening);
  if (session.fromStep === 0) return beginRecord(header, session);
  throw new RangeError(
    `openRunLog: expected the record of a run that goes on from step ` +
      `${session.fromStep}, got none (${path}); put it back, or begin anew ` +
      "with doneSteps 0",
  );
}

/** The lines up to a step; the rest of the file is cut off. */
function cutLines(path: string, steps: number): readonly MetricsLine[] {
  if (steps === 0) {
    rmSync(path, { force: true });
    return [];
  }
  const { ends, lines } = existsSync(path)
    ? wholeLines(path)
    : { ends: [], lines: [] };
  if (lines.length < steps) {
    throw new RangeError(
      `openRunLog: expected lines of ${steps} steps, got ${lines.length} ` +
        `(${path}); put its lines back, or go on from a checkpoint with no ` +
        "more steps than lines; flush the log before each",
    );
  }
  truncateSync(path, ends[steps - 1]);
  return lines.slice(0, steps);
}
