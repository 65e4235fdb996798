import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { familyBytes } from "./key.ts";
import {
  decodeIndex,
  getRow,
  maxRows,
  rowBytes,
  type ShardIndex,
  setRow,
} from "./shard-index.ts";
import { indexSuffix, type Place } from "./shard-writer.ts";

interface Known {
  readonly name: string;
  index: ShardIndex;
}

const nothing: ShardIndex = {
  isSealed: false,
  engine: "",
  nRows: 0,
  rows: Buffer.alloc(0),
};

/**
 * The entries that all writers have published, as far as they are known.
 *
 * Reads without locks: an index file is replaced whole, a sealed one never
 * changes again, and rows are only added.
 */
export class Shelf {
  readonly #folder: string;
  readonly #report: (line: string) => void;
  readonly #shards: Known[] = [];
  readonly #numbers = new Map<string, number>();
  /** Names of entries, as characters of a byte, and their place as a number. */
  readonly #places = new Map<string, number>();
  readonly #counts = new Map<string, number>();
  readonly #damaged = new Set<number>();
  readonly #unreadable = new Set<string>();

  constructor(folder: string, report: (line: string) => void) {
    this.#folder = folder;
    this.#report = report;
  }

  /** Takes in what other writers have published since. */
  async refresh(): Promise<void> {
    const names = (await readdir(this.#folder))
      .filter((name) => name.endsWith(indexSuffix))
      .map((name) => name.slice(0, -indexSuffix.length))
      .sort();
    for (const name of names) {
      const known = this.#shards[this.#numbers.get(name) ?? -1];
      if (!known?.index.isSealed) await this.#load(name);
    }
  }

  /** The place of an entry, or undefined where none is known. */
  find(id: Buffer): Place | undefined {
    const place = this.#places.get(id.toString("latin1"));
    return place === undefined ? undefined : this.#at(place);
  }

  /** Takes in what this process wrote itself. */
  add({ engine, row, shard, written }: Place): void {
    const number = this.#numberOf(shard);
    const known = this.#shards[number];
    if (known.index.rows.length < maxRows * rowBytes) {
      const rows = Buffer.alloc(maxRows * rowBytes);
      known.index.rows.copy(rows);
      known.index = { ...known.index, engine, rows };
    }
    setRow(known.index.rows, row, written);
    const nRows = Math.max(known.index.nRows, row + 1);
    known.index = { ...known.index, nRows };
    this.#name(number * maxRows + row, written.id);
  }

  /** Forgets a damaged entry; another copy of it takes its place. */
  drop({ row, shard, written }: Place): void {
    this.#damaged.add(this.#numberOf(shard) * maxRows + row);
    this.#unname(written.id);
    for (const { place, entry } of this.all()) {
      if (entry.written.id.equals(written.id)) {
        this.#name(place, entry.written.id);
      }
    }
  }

  /** Every entry that is not known to be damaged. */
  *all(): Generator<{ place: number; entry: Place }> {
    for (const [number, { index }] of this.#shards.entries()) {
      for (let row = 0; row < index.nRows; row++) {
        const place = number * maxRows + row;
        if (!this.#damaged.has(place)) yield { place, entry: this.#at(place) };
      }
    }
  }

  /** Entries of one encoder; copies count once. */
  count(family: Buffer): number {
    return this.#counts.get(family.toString("latin1")) ?? 0;
  }

  async #load(name: string): Promise<void> {
    const number = this.#numberOf(name);
    const known = this.#shards[number];
    const path = join(this.#folder, name + indexSuffix);
    try {
      const index = decodeIndex(await readFile(path));
      const old = known.index.nRows;
      if (index.nRows < old) return; // an older state than that in memory
      known.index = index;
      for (let row = old; row < index.nRows; row++) {
        this.#name(number * maxRows + row, getRow(index, row).id);
      }
    } catch (cause) {
      if (this.#unreadable.has(name)) return;
      this.#unreadable.add(name);
      const why = (cause as Error).message;
      this.#report(
        `openFeatureCache: ${name}${indexSuffix} is damaged, what it names ` +
          `is computed again (${why})`,
      );
    }
  }

  #numberOf(shard: string): number {
    const number = this.#numbers.get(shard) ?? this.#shards.length;
    if (number === this.#shards.length) {
      this.#numbers.set(shard, number);
      this.#shards.push({ name: shard, index: nothing });
    }
    return number;
  }

  #at(place: number): Place {
    const { index, name } = this.#shards[Math.floor(place / maxRows)];
    const row = place % maxRows;
    return {
      shard: name,
      engine: index.engine,
      row,
      written: getRow(index, row),
    };
  }

  #name(place: number, id: Buffer): void {
    if (this.#damaged.has(place)) return;
    const name = id.toString("latin1");
    if (!this.#places.has(name)) this.#tally(name, 1);
    this.#places.set(name, place);
  }

  #unname(id: Buffer): void {
    const name = id.toString("latin1");
    if (this.#places.delete(name)) this.#tally(name, -1);
  }

  #tally(name: string, by: number): void {
    const family = name.slice(0, familyBytes);
    this.#counts.set(family, (this.#counts.get(family) ?? 0) + by);
  }
}
