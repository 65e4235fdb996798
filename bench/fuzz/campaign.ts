import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../../lib/files/atomic.ts";
import { inputOf } from "./inputs.ts";
import type { Kind } from "./kind.ts";
import { isFault, type Outcome, outcomes } from "./outcome.ts";
import { type Limits, openReader, usualLimits } from "./reader.ts";

export interface Campaign {
  /** The file that exports `kinds`, for the process that reads. */
  readonly file: string;
  readonly kinds: readonly Kind[];
  /** Inputs in all; each kind has its share. */
  readonly count: number;
  readonly seed: number;
  readonly limits?: Limits;
  /** Where inputs that ended in a fault are kept. */
  readonly keepIn?: string;
  readonly onInput?: (done: number, faults: number) => void;
}

/** An input that ended as none may. */
export interface Fault {
  readonly kind: string;
  readonly n: number;
  /** Of the valid input that it was made from. */
  readonly name: string;
  readonly outcome: Outcome;
  readonly detail: string;
  /** The input itself. */
  readonly path?: string;
}

/** What came of a kind's inputs. */
export interface Row extends Readonly<Record<Outcome, number>> {
  readonly kind: string;
  readonly inputs: number;
  readonly slowest: number; // ms
}

export interface Found {
  readonly rows: readonly Row[];
  readonly faults: readonly Fault[];
}

/** Reads every input in a process of its own kind and counts how they end. */
export async function campaign(options: Campaign): Promise<Found> {
  const { count, kinds } = options;
  const rows: Row[] = [];
  const faults: Fault[] = [];
  let done = 0;
  for (const [i, kind] of kinds.entries()) {
    const last = Math.floor((count * (i + 1)) / kinds.length);
    const first = Math.floor((count * i) / kinds.length);
    const inputs = last - first;
    const found = await campaignOf(kind, inputs, {
      ...options,
      onInput: (n, wrong) => options.onInput?.(done + n, faults.length + wrong),
    });
    done += inputs;
    rows.push(found.row);
    faults.push(...found.faults);
  }
  return { rows, faults };
}

async function campaignOf(
  kind: Kind,
  inputs: number,
  { file, keepIn, limits = usualLimits, onInput, seed }: Campaign,
): Promise<{ readonly row: Row; readonly faults: readonly Fault[] }> {
  const counts = Object.fromEntries(
    outcomes.map((outcome) => [outcome, 0]),
  ) as Record<Outcome, number>;
  const faults: Fault[] = [];
  let slowest = 0;
  const reader = openReader(file, limits);
  try {
    for (let n = 0; n < inputs; n++) {
      const place = { kind: kind.name, n, seed };
      const { detail = "", milliseconds, outcome } = await reader.read(place);
      counts[outcome]++;
      slowest = Math.max(slowest, milliseconds);
      if (isFault(outcome)) {
        const { bytes, name } = inputOf(kind, place);
        const path = keepIn && keep(keepIn, `${kind.name}-${seed}-${n}`, bytes);
        const fault = { kind: kind.name, n, name, outcome, detail };
        faults.push({ ...fault, ...(path ? { path } : {}) });
      }
      onInput?.(n + 1, faults.length);
    }
  } finally {
    reader.close();
  }
  return { row: { kind: kind.name, inputs, slowest, ...counts }, faults };
}

function keep(folder: string, name: string, bytes: Uint8Array): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeWhole(path, bytes);
  return path;
}
