import { createHash } from "node:crypto";
import { canonicalJson, type Plain } from "../files/plain.ts";
import type { Precision } from "./half.ts";

/** Which encoder, with which settings, made a feature. */
export interface EncoderIdentity {
  /** SHA-256 of the weights, in hex. */
  readonly weights: string;
  /** Whatever else decides the features: front-end, crop, configuration. */
  readonly settings: { readonly [name: string]: Plain };
}

/** Names the features of one sound by one encoder. */
export interface FeatureKey extends EncoderIdentity {
  /** SHA-256 of the audio file's bytes, in hex. */
  readonly audio: string;
}

/**
 * Version of the code that makes features.
 *
 * Raise it when the same sound, weights and settings give other features: what
 * was stored before is then not found any more.
 *
 * The engine is recorded beside each entry and is not part of its key. Engines
 * differ in the last bits only, within the tolerances of the parity fixtures,
 * and less than float16 rounds; with it in the key, a cache filled on a GPU
 * would be of no use to the laptop that trains from it. Who needs every bit
 * from one engine sees in `verify` whether a folder has it.
 */
const featureVersion = 2;

/** Bytes of an entry's name. */
export const idBytes = 32;
/** Bytes of it that the entries of one encoder have in common. */
export const familyBytes = 8;

/**
 * The name of an entry: a hash of the encoder, then one of the whole key.
 *
 * Encoder first, so that an encoder's entries can be counted.
 */
export function idOf(key: FeatureKey, precision: Precision): Buffer {
  const { audio, settings, weights } = key;
  checkHash("audio", audio);
  const family = familyOf({ settings, weights }, precision);
  return Buffer.concat([family, sha256(family, audio)], idBytes);
}

/** The part of a name that the entries of one encoder have in common. */
export function familyOf(
  { settings, weights }: EncoderIdentity,
  precision: Precision,
): Buffer {
  checkHash("weights", weights);
  const version = featureVersion;
  const text = canonicalJson({ precision, settings, version, weights });
  return sha256(text).subarray(0, familyBytes);
}

function sha256(...parts: readonly (string | Uint8Array)[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function checkHash(field: string, hash: string): void {
  if (/^[0-9a-f]{64}$/.test(hash)) return;
  throw new RangeError(
    `FeatureKey: expected ${field} to be a SHA-256 of 64 hex digits, ` +
      `got ${JSON.stringify(hash)}`,
  );
}
