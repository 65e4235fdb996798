import type { PretrainedEncoder } from "../encoder/pretrained.ts";
import type { FeatureCache } from "./cache.ts";
import { type ClipOptions, readClip, samplesOf } from "./clip-file.ts";
import { nNumbers } from "./estimate.ts";
import type { EncoderIdentity } from "./key.ts";

/** What is needed of an encoder. */
export type BatchEncoder = Pick<
  PretrainedEncoder,
  "name" | "grid" | "width" | "sampleRate" | "encodeAll"
>;

/** Where features are kept, and under whose name. */
export interface FeatureStore {
  readonly cache: FeatureCache;
  readonly identity: EncoderIdentity;
}

export interface BatchOptions extends ClipOptions {
  /** `"none"` keeps nothing: every clip is encoded anew. */
  readonly store: FeatureStore | "none";
  readonly signal?: AbortSignal;
}

/** Features and where they are from, or why there are none. */
export type Outcome =
  | {
      readonly features: Float32Array;
      readonly from: "store" | "encoder";
      readonly error?: undefined;
    }
  | { readonly error: Error; readonly features?: undefined };

/** Samples that are still to be encoded, by the hash of their file. */
interface Waiting {
  readonly audio: string;
  readonly samples: Float32Array;
}

/** Features of a few files, each sound encoded once and all together. */
export async function featuresOfBatch(
  paths: readonly string[],
  encoder: BatchEncoder,
  options: BatchOptions,
): Promise<Outcome[]> {
  const found: (Outcome | Waiting)[] = [];
  for (const path of paths) {
    options.signal?.throwIfAborted();
    found.push(await lookUp(path, encoder, options));
  }
  const waiting = new Map(
    found.filter(isWaiting).map(({ audio, samples }) => [audio, samples]),
  );
  const encoded = encodeAll([...waiting.values()], encoder);
  const outcomes = new Map<string, Outcome>();
  for (const [i, audio] of [...waiting.keys()].entries()) {
    outcomes.set(audio, await keep(audio, encoded[i], options.store));
  }
  return found.map((one) => (isWaiting(one) ? outcomes.get(one.audio)! : one));
}

const isWaiting = (one: Outcome | Waiting): one is Waiting => "samples" in one;

/** What is stored for a file, or what is to be encoded. */
async function lookUp(
  path: string,
  encoder: BatchEncoder,
  { store, ...options }: BatchOptions,
): Promise<Outcome | Waiting> {
  const clip = await readClip(path, options).catch(errorOf);
  if (clip instanceof Error) return { error: clip };
  const { audio } = clip;
  if (store !== "none") {
    const { cache, identity } = store;
    const features = await cache.read({ audio, ...identity });
    if (features) {
      checkLength("read", features, encoder);
      return { features, from: "store" };
    }
  }
  const samples = await samplesOf(clip, encoder.sampleRate, options).catch(
    errorOf,
  );
  return samples instanceof Error ? { error: samples } : { audio, samples };
}

function encodeAll(
  clips: readonly Float32Array[],
  encoder: BatchEncoder,
): (Float32Array | Error)[] {
  if (clips.length === 0) return [];
  try {
    const features = encoder.encodeAll(clips);
    for (const each of features) checkLength("encodeAll", each, encoder);
    return features;
  } catch (fault) {
    if (clips.length === 1) return [errorOf(fault)];
    // One clip can spoil a batch: alone, the fault gets its file's name.
    return clips.flatMap((clip) => encodeAll([clip], encoder));
  }
}

/** Stores features; ones that can not be stored are their file's error. */
async function keep(
  audio: string,
  features: Float32Array | Error,
  store: FeatureStore | "none",
): Promise<Outcome> {
  if (features instanceof Error) return { error: features };
  if (store === "none") return { features, from: "encoder" };
  const { cache, identity } = store;
  try {
    const stored = await cache.write({ audio, ...identity }, features);
    return { features: stored, from: "encoder" };
  } catch (error) {
    if (error instanceof RangeError) return { error };
    throw error; // the disk's fault, not the file's
  }
}

function checkLength(
  from: string,
  features: Float32Array,
  encoder: BatchEncoder,
): void {
  const expected = nNumbers(encoder);
  if (features.length === expected) return;
  throw new RangeError(
    `${from}: expected ${expected} numbers of ${encoder.name}, ` +
      `got ${features.length}`,
  );
}

function errorOf(fault: unknown): Error {
  return fault instanceof Error ? fault : new Error(String(fault));
}
