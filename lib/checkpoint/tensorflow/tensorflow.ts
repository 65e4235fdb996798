import crc32c from "crc-32/crc32c.js";
import {
  bytesOf,
  type Dtype,
  readNumbers,
  type StoredTensor,
} from "../numbers.ts";
import {
  type Checkpoint,
  type TensorInfo,
  unknownTensor,
} from "../safetensors.ts";
import { readBytes, type Source } from "../source.ts";
import { masked, readTable } from "./table.ts";
import { type Field, readFields } from "./wire.ts";

/** TensorFlow's numbers of its types, as far as they are numbers. */
const dtypes: Readonly<Record<number, Dtype>> = {
  1: "F32",
  2: "F64",
  3: "I32",
  4: "U8",
  5: "I16",
  6: "I8",
  9: "I64",
  10: "BOOL",
  14: "BF16",
  19: "F16",
};
/** Texts, such as the graph of objects that TensorFlow 2 adds: passed over. */
const text = 7;

interface Place extends TensorInfo {
  readonly dtype: Dtype;
  readonly shard: number;
  readonly offset: number;
  readonly crc: number;
}

/**
 * Opens a TensorFlow checkpoint (version 2 of the format, which `tf.train.Saver`
 * and `tf.train.Checkpoint` write) by its `.index`; the numbers lie in files
 * named `.data-00000-of-00001` and so on beside it.
 *
 * @param openShard - opens the file of a number, of so many
 * @throws RangeError for an index or numbers that are damaged
 */
export async function openTensorflow(
  source: Source,
  openShard: (shard: number, nShards: number) => Promise<Source>,
): Promise<Checkpoint> {
  const { nShards, places } = await readIndex(source);
  const shards = new Map<number, Promise<Source>>();
  const shardOf = (shard: number) => {
    const found = shards.get(shard) ?? openShard(shard, nShards);
    shards.set(shard, found);
    found.catch(() => shards.delete(shard));
    return found;
  };
  return {
    name: source.name,
    tensors: places,
    close: async () => {
      for (const shard of shards.values()) await (await shard).close();
      await source.close();
    },
    read: async (name) => {
      const place = places.get(name);
      if (!place) throw unknownTensor("openTensorflow", name, source.name);
      return readPlace(await shardOf(place.shard), name, place);
    },
  };
}

async function readIndex(source: Source) {
  const table = await readTable(source);
  const header = table.get("");
  if (!header) {
    throw new RangeError(
      `openTensorflow: expected a header under the empty name, got none ` +
        `(${source.name})`,
    );
  }
  const fields = readFields(header, source.name);
  const nShards = countIn(fields, 1, `the header, ${source.name}`);
  if (countIn(fields, 2, `the header, ${source.name}`) !== 0) {
    throw new RangeError(
      `openTensorflow: expected little-endian numbers, got others ` +
        `(${source.name})`,
    );
  }
  const places = new Map<string, Place>();
  for (const [name, entry] of table) {
    if (name === "") continue;
    const where = `tensor "${name.slice(0, 200)}", ${source.name}`;
    const place = placeIn(entry, { nShards, where });
    if (place) places.set(name, place);
  }
  return { nShards, places };
}

/** Where a tensor's numbers are; undefined for texts. */
function placeIn(
  entry: Uint8Array,
  { nShards, where }: { readonly nShards: number; readonly where: string },
): Place | undefined {
  const fields = readFields(entry, where);
  const type = countIn(fields, 1, where);
  if (type === text) return undefined;
  const dtype = dtypes[type];
  if (dtype === undefined || fields.has(7)) {
    throw new RangeError(
      `openTensorflow: expected whole tensors of ` +
        `${Object.values(dtypes).join(", ")}, got ` +
        `${dtype ? "a tensor in parts" : `type ${type}`} (${where})`,
    );
  }
  const shape = shapeIn(fields.get(2)?.at(-1), where);
  const shard = countIn(fields, 3, where);
  const bytes = shape.reduce((product, n) => product * n, bytesOf(dtype));
  const sum = fields.get(6)?.at(-1);
  if (
    !(bytes <= Number.MAX_SAFE_INTEGER) ||
    countIn(fields, 5, where) !== bytes ||
    shard >= nShards ||
    !(sum instanceof Uint8Array) ||
    sum.length !== 4
  ) {
    throw new RangeError(
      `openTensorflow: expected ${bytes} bytes in one of ${nShards} files, ` +
        `with a checksum, got another entry (${where})`,
    );
  }
  const offset = countIn(fields, 4, where);
  const crc = Buffer.from(sum).readUInt32LE();
  return { dtype, shape, shard, offset, crc };
}

/** Sizes of a shape's message; those of a scalar are none. */
function shapeIn(message: Field | undefined, where: string): number[] {
  if (message === undefined) return [];
  return (readMessage(message, where).get(2) ?? []).map((dim) =>
    countIn(readMessage(dim, where), 1, where),
  );
}

function readMessage(field: Field, where: string): Map<number, Field[]> {
  if (field instanceof Uint8Array) return readFields(field, where);
  throw new RangeError(
    `openTensorflow: expected a message, got ${field} (${where})`,
  );
}

/** A field's whole number; 0 where it is left out, as the format has it. */
function countIn(
  fields: ReadonlyMap<number, readonly Field[]>,
  number: number,
  where: string,
): number {
  const value = fields.get(number)?.at(-1) ?? 0;
  if (typeof value === "number") return value;
  throw new RangeError(
    `openTensorflow: expected a number in field ${number}, got bytes ` +
      `(${where})`,
  );
}

/** Bytes compared with their checksum at a time. */
const pieceBytes = 1 << 20;

async function readPlace(
  source: Source,
  tensor: string,
  { crc, dtype, offset, shape }: Place,
): Promise<StoredTensor> {
  const count = shape.reduce((product, n) => product * n, 1);
  const size = count * bytesOf(dtype);
  let found = 0;
  for (let done = 0; done < size; done += pieceBytes) {
    const length = Math.min(pieceBytes, size - done);
    const piece = await readBytes(source, offset + done, length);
    found = crc32c.buf(piece, found);
  }
  if (masked(found) !== crc) {
    throw new Error(
      `openTensorflow: expected the checksum of "${tensor}", got another ` +
        `(${source.name}); the file is damaged: fetch it anew`,
    );
  }
  const values = await readNumbers(source, { dtype, at: offset, count });
  return { shape, values };
}
