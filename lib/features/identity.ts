import { createHash } from "node:crypto";
import { sharedCrop } from "../audio/crop.ts";
import { torchaudioResample } from "../audio/resample.ts";
import type { PretrainedEncoder } from "../encoder/pretrained.ts";
import { canonicalJson, type Plain } from "../files/plain.ts";
import { namedLeaves, type Tensors } from "../tensor/params.ts";
import type { EncoderIdentity } from "./key.ts";

/** All that decides an encoder's features: weights, and settings around them. */
export function identify({
  config,
  frontEnd,
  grid,
  name,
  weights,
  width,
}: PretrainedEncoder): EncoderIdentity {
  const settings = {
    encoder: name,
    config: { ...config } as Readonly<Record<string, Plain>>,
    cells: [grid.steps, grid.bands, width],
    frontEnd: { name: frontEnd.name, options: frontEnd.options },
    crop: { ...sharedCrop },
    resample: { ...torchaudioResample },
  };
  return { weights: hashTensors(weights), settings };
}

/**
 * SHA-256 of tensors: their names, shapes and numbers.
 *
 * The same weights from another kind of file, or in another order, have the
 * same hash.
 */
export function hashTensors(tensors: Tensors): string {
  const hash = createHash("sha256");
  const leaves = namedLeaves(tensors).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, { dtype, shape }] of leaves) {
    hash.update(canonicalJson([name, dtype, shape]));
  }
  for (const [, leaf] of leaves) {
    const { buffer, byteLength, byteOffset } = leaf.dataSync();
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
}
