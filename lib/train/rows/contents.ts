import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { openCheckpoint } from "../../checkpoint/checkpoint.ts";
import { isWhole } from "../run/checkpoints.ts";
import { recordName } from "../state.ts";

/** A file that a stage has written. */
export interface SavedRow {
  readonly path: string;
  /** Its name without an ending, the hash in it cut short. */
  readonly file: string;
  readonly bytes: number;
  /** Whether its bytes are those of the sha256 in its name. */
  readonly whole: "yes" | "no";
}

const named = /^(.*-)([0-9a-f]{64})\.safetensors(.*)$/;

/** What a stage's folder holds: its checkpoints, and its weights at the end. */
export async function savedRows(folder: string): Promise<SavedRow[]> {
  const rows: SavedRow[] = [];
  for (const name of readdirSync(folder).sort()) {
    const [, kind, sha256, ending] = named.exec(name) ?? [];
    if (sha256 === undefined) continue;
    const path = join(folder, name);
    rows.push({
      path,
      file: `${kind}${sha256.slice(0, 8)}${ending}`,
      bytes: statSync(path).size,
      whole: (await isWhole(path, sha256)) ? "yes" : "no",
    });
  }
  return rows;
}

/** Where a checkpoint stands, as it says beside its tensors. */
export interface StateRecord {
  /** Steps done. */
  readonly step: number;
  /** Examples that the source has given. */
  readonly place: number;
  /** What the run is that may go on from it. */
  readonly settings: unknown;
}

/** @throws TypeError for a file that holds no training's state */
export async function stateRecord(path: string): Promise<StateRecord> {
  const checkpoint = await openCheckpoint(path);
  try {
    const record = checkpoint.metadata?.get(recordName);
    if (record !== undefined) return JSON.parse(record);
    throw new TypeError(
      `stateRecord: expected a training's state, got a file without ` +
        `"${recordName}" (${path})`,
    );
  } finally {
    await checkpoint.close();
  }
}

/** Tensors of a file whose names begin alike. */
export interface ContentRow {
  readonly tensors: string;
  readonly count: number;
  readonly numbers: number;
}

/**
 * What a file of tensors holds, by the first two parts of their names:
 * parameters as `params.connector`, their moments as `mean.connector` and
 * `square.connector`.
 */
export async function contentRows(path: string): Promise<ContentRow[]> {
  const checkpoint = await openCheckpoint(path);
  try {
    const rows = new Map<string, { count: number; numbers: number }>();
    for (const [name, { shape }] of checkpoint.tensors) {
      const part = name.split(".").slice(0, 2).join(".");
      const { count, numbers } = rows.get(part) ?? { count: 0, numbers: 0 };
      const size = shape.reduce((product, n) => product * n, 1);
      rows.set(part, { count: count + 1, numbers: numbers + size });
    }
    return [...rows].map(([tensors, row]) => ({ tensors, ...row }));
  } finally {
    await checkpoint.close();
  }
}
