import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Damage, type EntryReader } from "./read-entry.ts";
import { dataSuffix } from "./shard-writer.ts";
import type { Shelf } from "./shelf.ts";

/** What a look at every entry found. */
export interface Verification {
  /** Entries that are whole, copies included. */
  readonly nEntries: number;
  /** Bytes of these. */
  readonly nBytes: number;
  /** Whole entries of each engine: two engines differ in the last bits. */
  readonly engines: ReadonlyMap<string, number>;
  /** A line for each damaged entry. */
  readonly damaged: readonly string[];
  /** Bytes that no entry names: a writer died, or is at work. */
  readonly unnamedBytes: number;
}

/** Checks every entry of a folder; the damaged ones are forgotten. */
export async function verifyShards(
  folder: string,
  { reader, shelf }: { readonly reader: EntryReader; readonly shelf: Shelf },
): Promise<Verification> {
  let nEntries = 0;
  let nBytes = 0;
  let nNamed = 0;
  const engines = new Map<string, number>();
  const damaged: string[] = [];
  for (const { entry } of [...shelf.all()]) {
    nNamed += entry.written.length;
    try {
      nBytes += (await reader.read(entry)).length;
      nEntries++;
      engines.set(entry.engine, 1 + (engines.get(entry.engine) ?? 0));
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      damaged.push(error.message);
      shelf.drop(entry);
    }
  }
  const onDisk = await dataBytes(folder);
  const unnamedBytes = Math.max(0, onDisk - nNamed);
  return { nEntries, nBytes, engines, damaged, unnamedBytes };
}

async function dataBytes(folder: string): Promise<number> {
  let sum = 0;
  for (const name of await readdir(folder)) {
    if (name.endsWith(dataSuffix)) sum += (await stat(join(folder, name))).size;
  }
  return sum;
}
