import { mkdir } from "node:fs/promises";
import {
  type DiskEstimate,
  diskNeed,
  estimateDisk,
  type FeatureShape,
} from "./estimate.ts";
import {
  bytesOf,
  checkFinite,
  fromHalf,
  type Precision,
  toHalf,
} from "./half.ts";
import {
  type EncoderIdentity,
  type FeatureKey,
  familyOf,
  idOf,
} from "./key.ts";
import { Damage, EntryReader } from "./read-entry.ts";
import { type Entry, type Place, ShardWriter } from "./shard-writer.ts";
import { Shelf } from "./shelf.ts";
import { type Verification, verifyShards } from "./verify.ts";

export interface FeatureCacheOptions {
  readonly precision: Precision;
  /**
   * What computes the features, with its version: the description of
   * `currentEngine()`. Recorded with each entry; see `featureVersion`.
   */
  readonly engine: string;
  /** Most bytes of a shard's data; 256 MiB unless given. */
  readonly shardBytes?: number;
  /** Takes a line about each damaged entry or index. */
  readonly report: (line: string) => void;
}

/** Features on disk, for any number of readers and writers at once. */
export interface FeatureCache {
  readonly folder: string;
  readonly precision: Precision;
  /** Whether an entry is there; it may still turn out to be damaged. */
  has(key: FeatureKey): Promise<boolean>;
  /** The features, or undefined if they are not there or damaged. */
  read(key: FeatureKey): Promise<Float32Array | undefined>;
  /** Stores features; returns them as they will be read, so rounded. */
  write(key: FeatureKey, features: Float32Array): Promise<Float32Array>;
  /** Entries of an encoder. */
  count(encoder: EncoderIdentity): Promise<number>;
  /** Disk that so many clips would take, beside what is free. */
  estimate(
    nClips: number,
    encoders: readonly FeatureShape[],
  ): Promise<DiskEstimate>;
  /** Reads everything and checks it. */
  verify(): Promise<Verification>;
  /** Flushes what was written to the disk, and closes every file. */
  close(): Promise<void>;
}

const largest = 2 ** 32 - 1; // offsets have 32 bits

/**
 * Opens a folder of features, or begins one.
 *
 * Entries never change: a key tells all that decides its features, precision
 * included, so one folder serves any encoders. Each process that writes has
 * shards of its own; nobody waits for a lock.
 */
export async function openFeatureCache(
  folder: string,
  { engine, precision, report, shardBytes = 2 ** 28 }: FeatureCacheOptions,
): Promise<FeatureCache> {
  if (!Object.hasOwn(bytesOf, precision)) {
    throw new RangeError(
      `openFeatureCache: unknown precision "${precision}"; ` +
        `known: ${Object.keys(bytesOf).join(", ")}`,
    );
  }
  if (
    !(Number.isInteger(shardBytes) && shardBytes > 0) ||
    shardBytes > largest
  ) {
    throw new RangeError(
      `openFeatureCache: expected shards of 1 to ${largest} bytes, ` +
        `got ${shardBytes}`,
    );
  }
  await mkdir(folder, { recursive: true });
  const shelf = new Shelf(folder, report);
  await shelf.refresh();
  return new OpenCache(
    { engine, folder, precision, report, shardBytes },
    shelf,
  );
}

class OpenCache implements FeatureCache {
  readonly folder: string;
  readonly precision: Precision;
  readonly #shardBytes: number;
  readonly #report: (line: string) => void;
  readonly #shelf: Shelf;
  readonly #writer: ShardWriter;
  readonly #reader: EntryReader;
  #isOpen = true;

  constructor(
    options: Required<FeatureCacheOptions> & { readonly folder: string },
    shelf: Shelf,
  ) {
    this.folder = options.folder;
    this.precision = options.precision;
    this.#shardBytes = options.shardBytes;
    this.#report = options.report;
    this.#shelf = shelf;
    this.#reader = new EntryReader(options.folder);
    this.#writer = new ShardWriter(options.folder, options);
  }

  async has(key: FeatureKey): Promise<boolean> {
    return (await this.#find(idOf(key, this.precision))) !== undefined;
  }

  async read(key: FeatureKey): Promise<Float32Array | undefined> {
    const id = idOf(key, this.precision);
    for (;;) {
      const place = await this.#find(id);
      if (place === undefined) return undefined;
      try {
        return unpack(await this.#reader.read(place), this.precision);
      } catch (error) {
        if (!(error instanceof Damage)) throw error;
        this.#report(error.message);
        this.#shelf.drop(place); // the next round finds a copy, or none
      }
    }
  }

  async write(key: FeatureKey, features: Float32Array): Promise<Float32Array> {
    this.#checkOpen("write");
    const id = idOf(key, this.precision);
    const size = features.length * bytesOf[this.precision];
    if (size === 0 || size > this.#shardBytes) {
      throw new RangeError(
        `write: expected features of 1 to ${this.#shardBytes} bytes, ` +
          `got ${size}; shardBytes sets the most`,
      );
    }
    const entry: Entry = { id, bytes: pack(features, this.precision) };
    this.#shelf.add(await this.#writer.write(entry));
    return unpack(entry.bytes, this.precision);
  }

  async count(encoder: EncoderIdentity): Promise<number> {
    await this.#shelf.refresh();
    return this.#shelf.count(familyOf(encoder, this.precision));
  }

  estimate(
    nClips: number,
    encoders: readonly FeatureShape[],
  ): Promise<DiskEstimate> {
    const need = diskNeed(nClips, encoders, this.precision);
    return estimateDisk(this.folder, need);
  }

  async verify(): Promise<Verification> {
    await this.#shelf.refresh();
    return verifyShards(this.folder, {
      reader: this.#reader,
      shelf: this.#shelf,
    });
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#reader.close();
    await this.#writer.close();
  }

  /** Looks at what others wrote only if the entry is not known already. */
  async #find(id: Buffer): Promise<Place | undefined> {
    this.#checkOpen("read");
    const known = this.#shelf.find(id);
    if (known !== undefined) return known;
    await this.#shelf.refresh();
    return this.#shelf.find(id);
  }

  #checkOpen(method: string): void {
    if (this.#isOpen) return;
    throw new Error(`${method}: expected an open cache, got a closed one`);
  }
}

/** Numbers as bytes, in the order of this machine: little-endian. */
function pack(features: Float32Array, precision: Precision): Uint8Array {
  if (precision === "float16") return new Uint8Array(toHalf(features).buffer);
  checkFinite(features);
  return new Uint8Array(features.slice().buffer);
}

function unpack(bytes: Uint8Array, precision: Precision): Float32Array {
  const { buffer, byteOffset, byteLength } = bytes;
  if (precision === "float32") {
    return new Float32Array(buffer, byteOffset, byteLength / 4);
  }
  return fromHalf(new Uint16Array(buffer, byteOffset, byteLength / 2));
}
