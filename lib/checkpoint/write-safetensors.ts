import type * as tf from "@tensorflow/tfjs";
import { type PathByHash, writeWhole } from "../files/atomic.ts";
import { namedLeaves, type Tensors } from "../tensor/params.ts";

/** What the format calls the types of ours that it can hold. */
const formatTypes: Readonly<Record<string, readonly [string, number]>> = {
  float32: ["F32", 4],
  int32: ["I32", 4],
  bool: ["BOOL", 1],
};

/**
 * Writes a tree's tensors, by their names, to a safetensors file: whole or not
 * at all, in the order of the names.
 *
 * @param path - or what makes one of the file's sha256
 * @param tensors - stay the caller's; every number keeps its bits
 * @param metadata - texts by name, beside the tensors
 * @returns the file's path
 * @throws TypeError for a tensor of a type that the format does not have, or
 * metadata that is no text; RangeError for a name that it can not have; Error
 * where the file can not be written
 */
export function writeSafetensors(
  path: string | PathByHash,
  tensors: Tensors,
  metadata: Readonly<Record<string, string>> = {},
): string {
  const leaves = namedLeaves(tensors);
  checkNames(leaves.map(([name]) => name));
  checkTexts(metadata);
  let end = 0;
  const entries = leaves.map(([name, leaf]) => {
    const [dtype, size] = typeOf(name, leaf);
    const from = end;
    end += leaf.size * size;
    return [name, { dtype, shape: leaf.shape, data_offsets: [from, end] }];
  });
  const header = headerOf({
    ...(Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {}),
    ...Object.fromEntries(entries),
  });
  try {
    return writeWhole(path, chunksOf(header, leaves));
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(
      `writeSafetensors: expected to write ` +
        `${typeof path === "string" ? path : path("...")}, got: ${message}`,
      { cause },
    );
  }
}

/** A single tensor has no name, and two paths can read the same. */
function checkNames(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (name === "" || name === "__metadata__" || seen.has(name)) {
      throw new RangeError(
        `writeSafetensors: expected a name for each tensor, got "${name}"` +
          (seen.has(name) ? " twice" : ""),
      );
    }
    seen.add(name);
  }
}

function checkTexts(metadata: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value === "string") continue;
    throw new TypeError(
      `writeSafetensors: expected text as metadata, got ${typeof value} ` +
        `(${name})`,
    );
  }
}

function typeOf(name: string, { dtype }: tf.Tensor): readonly [string, number] {
  const known = formatTypes[dtype];
  if (known) return known;
  throw new TypeError(
    `writeSafetensors: expected ${Object.keys(formatTypes).join(", ")}, ` +
      `got ${dtype} (${name})`,
  );
}

/** The header's length, then the header, filled up so that numbers align. */
export function headerOf(header: object): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const length = Math.ceil(text.length / 8) * 8;
  const bytes = Buffer.alloc(8 + length, " ");
  bytes.writeBigUInt64LE(BigInt(length), 0);
  text.copy(bytes, 8);
  return bytes;
}

/** One tensor after another, so that no second copy of all is needed. */
function* chunksOf(
  header: Uint8Array,
  leaves: readonly (readonly [string, tf.Tensor])[],
): Generator<Uint8Array> {
  yield header;
  for (const [, leaf] of leaves) {
    const { buffer, byteLength, byteOffset } = leaf.dataSync();
    yield new Uint8Array(buffer, byteOffset, byteLength);
  }
}
