import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Engine } from "../engine/engine.ts";
import { writeWhole } from "../files/atomic.ts";
import { canonicalJson, type Plain } from "../files/plain.ts";
import type { Revision, Versions } from "./surroundings.ts";

/** What a run is, before it begins. */
export interface RunHeader {
  readonly design: string;
  /** Table 3: connector pretraining, or one of the two that follow. */
  readonly stage: string;
  readonly scale: string;
  readonly seed: number;
  /** All settings that decide the run's numbers. */
  readonly config: Plain;
  /** What names the data, as text or bytes; absent where code makes them. */
  readonly manifest?: string | Uint8Array;
}

export type Outcome = "running" | "done" | "interrupted" | "failed";

/** One process's part of a run, from its start or from a checkpoint. */
export interface RunSession {
  readonly startedAt: string;
  /** Steps that were done before. */
  readonly fromStep: number;
  readonly git: Revision;
  readonly versions: Versions;
  readonly engine: Pick<Engine, "name" | "description" | "numerics">;
}

/** What `run.json` holds. */
export interface RunRecord extends Omit<RunHeader, "manifest"> {
  /** Tells this run from all others. */
  readonly id: string;
  /** SHA-256, in hex: of the settings as canonical JSON, of the manifest. */
  readonly hashes: { readonly config: string; readonly manifest?: string };
  /** "running" is also what stays of a run that was killed. */
  readonly outcome: Outcome;
  /** Why it failed. */
  readonly message?: string;
  /** Steps done, at the latest checkpoint or at the end. */
  readonly steps: number;
  /**
   * Mean of the last 20 steps, in nats per token; absent before the first, and
   * where one of them is no number.
   */
  readonly loss?: number;
  /** Time of the steps that count, those that a kill threw away left out. */
  readonly wallSeconds: number;
  readonly startedAt: string;
  readonly sessions: readonly RunSession[];
}

/** The record of a run that begins. */
export function beginRecord(
  { manifest, ...header }: RunHeader,
  session: RunSession,
): RunRecord {
  const hashes = {
    config: sha256(canonicalJson(header.config)),
    ...(manifest !== undefined && { manifest: sha256(manifest) }),
  };
  const { startedAt } = session;
  const { design, scale, seed, stage } = header;
  const named = { design, hashes, scale, seed, stage, startedAt };
  return {
    id: sha256(canonicalJson(named)).slice(0, 12),
    ...header,
    hashes,
    outcome: "running",
    steps: 0,
    wallSeconds: 0,
    startedAt,
    sessions: [session],
  };
}

/**
 * The record of a run that goes on, or begins again, where `before` was.
 *
 * @param reopens - take a run that is done, too
 * @throws RangeError where the record is another run's, or the run is done
 */
export function nextRecord(
  before: RunRecord,
  header: RunHeader,
  { reopens, session }: { session: RunSession; reopens: boolean },
): RunRecord {
  const now = beginRecord(header, session);
  const names = ["design", "stage", "scale", "seed"] as const;
  for (const name of names) checkSame(name, before[name], now[name]);
  checkSame("settings' hash", before.hashes.config, now.hashes.config);
  checkSame("manifest's hash", before.hashes.manifest, now.hashes.manifest);
  if (before.outcome === "done" && !reopens) {
    throw new RangeError(
      `openRunLog: expected a run that is not done, got one that was after ` +
        `${before.steps} steps; remove its folder to run it again`,
    );
  }
  if (session.fromStep === 0) return now;
  const { message: _, ...record } = before;
  const sessions = [...before.sessions, session];
  return { ...record, outcome: "running", sessions };
}

type Fact = string | number | undefined;

function checkSame(name: string, expected: Fact, got: Fact): void {
  if (expected === got) return;
  throw new RangeError(
    `openRunLog: expected the ${name} of the run in this folder, ` +
      `${expected ?? "none"}, got ${got ?? "none"}; choose another folder`,
  );
}

/** Writes `run.json`, whole or not at all. */
export function writeRun(path: string, record: RunRecord): void {
  writeWhole(path, `${JSON.stringify(record, undefined, 2)}\n`);
}

/**
 * Reads `run.json`.
 *
 * @throws TypeError for a file that is no run's record
 */
export function readRun(path: string): RunRecord {
  const text = readFileSync(path, "utf8");
  let record: RunRecord;
  try {
    record = JSON.parse(text);
  } catch (cause) {
    const got = JSON.stringify(text.slice(0, 40));
    throw new TypeError(
      `readRun: expected JSON, got ${got} (${path}); put a copy back, or ` +
        "begin the run anew",
      { cause },
    );
  }
  for (const [name, isRight] of Object.entries(form)) {
    const value: unknown = record?.[name as keyof RunRecord];
    if (isRight(value)) continue;
    throw new TypeError(
      `readRun: expected a run's record with "${name}", got ` +
        `${JSON.stringify(value)} (${path}); was it written by openRunLog?`,
    );
  }
  return record;
}

const isText = (value: unknown) => typeof value === "string";
const isNumber = (value: unknown) => typeof value === "number";

/** What every record has; what is not told here may be absent. */
const form: Readonly<Record<string, (value: unknown) => boolean>> = {
  id: isText,
  design: isText,
  stage: isText,
  scale: isText,
  seed: isNumber,
  hashes: (value) => isText((value as RunRecord["hashes"])?.config),
  outcome: (value) =>
    ["running", "done", "interrupted", "failed"].includes(String(value)),
  steps: isNumber,
  wallSeconds: isNumber,
  startedAt: isText,
  sessions: (value) =>
    Array.isArray(value) && value.length > 0 && value.every(isSession),
};

function isSession(value: unknown): boolean {
  const { engine, git, startedAt, versions } = (value ?? {}) as RunSession;
  const isWhole = [engine, engine?.numerics, git, versions].every(
    (part) => typeof part === "object" && part !== null,
  );
  return isWhole && isText(startedAt);
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
