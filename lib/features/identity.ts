import { createHash } from "node:crypto";
import { clapMelOptions } from "../audio/clap-mel.ts";
import { sharedCrop } from "../audio/crop.ts";
import { sslamFbank } from "../audio/fbank.ts";
import { type FrontEndName, sslamOptions } from "../audio/front-end.ts";
import { torchaudioResample } from "../audio/resample.ts";
import type { PretrainedEncoder } from "../encoder/pretrained.ts";
import { namedLeaves, type Tensors } from "../tensor/params.ts";
import { canonicalJson, type EncoderIdentity, type Plain } from "./key.ts";

/** What decides the picture that each front-end makes. */
const frontEndSettings: Readonly<Record<FrontEndName, Plain>> = {
  sslam: { ...sslamFbank, ...sslamOptions },
  clap: { ...clapMelOptions },
};

/** All that decides an encoder's features: weights, and settings around them. */
export function identify({
  config,
  frontEnd,
  grid,
  name,
  weights,
  width,
}: PretrainedEncoder): EncoderIdentity {
  const known = frontEndSettings as Readonly<Record<string, Plain>>;
  if (!Object.hasOwn(known, frontEnd.name)) {
    throw new RangeError(
      `identify: unknown front-end "${frontEnd.name}"; ` +
        `known: ${Object.keys(known).join(", ")}`,
    );
  }
  const settings = {
    encoder: name,
    config: { ...config },
    cells: [grid.steps, grid.bands, width],
    frontEnd: { name: frontEnd.name, options: known[frontEnd.name] },
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
