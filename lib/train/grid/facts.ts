import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { currentEngine, type Engine } from "../../engine/engine.ts";
import { writeWhole } from "../../files/atomic.ts";
import { withLock } from "../../files/lock.ts";
import { readObject } from "./read-object.ts";

/** What computes, and what the last bits of its numbers depend on. */
export type EngineFacts = Pick<Engine, "name" | "numerics">;

/** What all runs of a grid's folder have in common. */
export interface GridFacts {
  readonly scale: string;
  /** The library's version. */
  readonly library: string;
  /** Of the process that began it. */
  readonly engine: EngineFacts;
}

/** The engine of this process; an Error before it is started. */
export function engineFacts(): EngineFacts {
  const engine = currentEngine();
  if (engine) return { name: engine.name, numerics: engine.numerics };
  throw new Error("grid: expected an engine, got none; call useEngine first");
}

const pathIn = (folder: string) => join(folder, "grid.json");

/** The facts of a grid's folder; undefined before its first run. */
function readFacts(folder: string): GridFacts | undefined {
  const path = pathIn(folder);
  if (!existsSync(path)) return undefined;
  return readObject(path, "a grid's facts", ["scale", "library", "engine"]);
}

/** Refuses a folder whose runs are of another scale. */
export function checkScale(folder: string, scale: string): void {
  const found = readFacts(folder);
  if (found) checkFact("scale", found.scale, { got: scale, folder });
}

/**
 * Begins a grid's folder, or refuses to work in one whose runs could not be
 * compared with those to come: results differ with engine and threads.
 *
 * @param report - takes the line that the processor is another one
 * @throws RangeError
 */
export async function joinGrid(
  folder: string,
  facts: GridFacts,
  report: (line: string) => void,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await withLock(join(folder, ".grid.lock"), async () => {
    const found = readFacts(folder);
    if (found) compare(found, { facts, folder, report });
    else writeWhole(pathIn(folder), `${JSON.stringify(facts, null, 2)}\n`);
  });
}

function compare(
  found: GridFacts,
  {
    facts,
    folder,
    report,
  }: {
    readonly facts: GridFacts;
    readonly folder: string;
    readonly report: (line: string) => void;
  },
): void {
  const check = (
    what: string,
    pick: (facts: GridFacts) => string | number | boolean,
    remedy?: (wanted: string | number | boolean) => string,
  ) => {
    const wanted = pick(found);
    const how = remedy?.(wanted);
    checkFact(what, wanted, { got: pick(facts), folder, how });
  };
  check("scale", ({ scale }) => scale);
  check("library", ({ library }) => library);
  check("engine", ({ engine }) => engine.name);
  check(
    "threads",
    ({ engine }) => engine.numerics.threads,
    (threads) => `go on with --threads ${threads}`,
  );
  check("oneDNN", ({ engine }) => engine.numerics.oneDnn);
  check("PAL_PORTABLE", ({ engine }) => engine.numerics.isPortable);
  const [before, now] = [found, facts].map(
    ({ engine: { numerics } }) =>
      `${numerics.processor} (${numerics.instructions})`,
  );
  if (before === now) return;
  report(
    `grid: begun on ${before}, goes on on ${now}: the runs of the two differ ` +
      "in last bits, so a small training can go another way",
  );
}

function checkFact<X>(
  what: string,
  wanted: X,
  {
    folder,
    got,
    how = "go on as it was begun",
  }: { readonly got: X; readonly folder: string; readonly how?: string },
): void {
  if (got === wanted) return;
  throw new RangeError(
    `grid: expected ${what} ${wanted}, as the runs in ${folder} have, got ` +
      `${got}; ${how}, or choose another folder`,
  );
}
