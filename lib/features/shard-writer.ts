import { randomBytes } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { type Disk, systemDisk } from "./disk.ts";
import {
  checksumOf,
  encodeIndex,
  maxRows,
  type Row,
  rowBytes,
  setRow,
} from "./shard-index.ts";

export const dataSuffix = ".features";
export const indexSuffix = ".index";

/** An entry to be written. */
export interface Entry {
  readonly id: Buffer;
  readonly bytes: Uint8Array;
}

/** Where an entry was written: row number `row` of a shard. */
export interface Place {
  readonly shard: string;
  readonly engine: string;
  readonly row: number;
  readonly written: Row;
}

export interface ShardOptions {
  /** Recorded with each shard. */
  readonly engine: string;
  /** Most bytes of a shard's data. */
  readonly shardBytes: number;
  readonly disk?: Disk;
}

interface Shard {
  readonly name: string;
  readonly file: FileHandle;
  readonly rows: Buffer;
  nRows: number;
  /** Bytes of whole entries. */
  used: number;
}

/**
 * Writes entries to shards of its own, which no other writer touches.
 *
 * An entry counts once the index that names it has been renamed into place,
 * after its bytes were written. A process that dies leaves bytes without a
 * name, never a name without bytes. A machine that loses power may leave one:
 * the checksum tells. Sealed shards have been flushed to the disk.
 */
export class ShardWriter {
  readonly #folder: string;
  readonly #engine: string;
  readonly #shardBytes: number;
  readonly #disk: Disk;
  #shard: Shard | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    folder: string,
    { disk = systemDisk, engine, shardBytes }: ShardOptions,
  ) {
    this.#folder = folder;
    this.#engine = engine;
    this.#shardBytes = shardBytes;
    this.#disk = disk;
  }

  /** Appends an entry and publishes it, one call after another. */
  write(entry: Entry): Promise<Place> {
    return this.#inTurn(async () => {
      const { place, shard } = await this.#append(entry);
      this.#publish(shard, false);
      return place;
    });
  }

  /** Ends the shard in use. */
  close(): Promise<void> {
    return this.#inTurn(() => this.#seal());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {}); // its caller hears of it
    return turn;
  }

  async #append({ bytes, id }: Entry): Promise<{ place: Place; shard: Shard }> {
    const { length } = bytes;
    const now = this.#shard;
    const isFull =
      now && (now.nRows === maxRows || now.used + length > this.#shardBytes);
    if (isFull) await this.#seal();
    this.#shard ??= await this.#begin();
    const shard = this.#shard;
    const offset = shard.used;
    await this.#disk.write(shard.file, bytes, offset);
    const written = { id, offset, length, checksum: checksumOf(id, bytes) };
    setRow(shard.rows, shard.nRows, written);
    shard.used += length;
    const row = shard.nRows++;
    const place = { shard: shard.name, engine: this.#engine, row, written };
    return { place, shard };
  }

  /** Names sort by age, so that a later copy of an entry comes later. */
  async #begin(): Promise<Shard> {
    const age = Date.now().toString(36).padStart(9, "0");
    const name = `${age}-${randomBytes(6).toString("hex")}`;
    const path = join(this.#folder, name + dataSuffix);
    const file = await this.#disk.create(path);
    const rows = Buffer.alloc(maxRows * rowBytes);
    return { name, file, rows, nRows: 0, used: 0 };
  }

  async #seal(): Promise<void> {
    const shard = this.#shard;
    if (shard === undefined) return;
    await this.#disk.flush(shard.file);
    this.#publish(shard, true);
    this.#shard = undefined;
    await shard.file.close();
  }

  #publish({ name, nRows, rows }: Shard, isSealed: boolean): void {
    const path = join(this.#folder, name + indexSuffix);
    const index = { isSealed, engine: this.#engine, nRows, rows };
    this.#disk.put(`${path}.new`, encodeIndex(index), isSealed);
    this.#disk.replace(path, `${path}.new`);
  }
}
