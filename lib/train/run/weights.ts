import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import {
  type Checkpoint,
  openCheckpoint,
} from "../../checkpoint/checkpoint.ts";
import { checkFinite } from "../../checkpoint/finite.ts";
import { checkTensors } from "../../checkpoint/match.ts";
import { writeSafetensors } from "../../checkpoint/write-safetensors.ts";
import {
  disposeTensors,
  namedLeaves,
  type Tensors,
  withLeaves,
} from "../../tensor/params.ts";
import type { Schedule } from "../schedule.ts";
import { isWhole } from "./checkpoints.ts";
import { checkIdentity, type Identity } from "./identity.ts";
import { checkRecord, type RunPlace, settleLog } from "./log.ts";

const pattern = /^weights-([0-9a-f]{64})\.safetensors$/;

/** Writes what a stage ends with, its sha256 in its name. */
export function saveWeights(
  folder: string,
  weights: Tensors,
  identity: Identity,
): StageWeights {
  const path = writeSafetensors(
    (sha256) => join(folder, `weights-${sha256}.safetensors`),
    weights,
    { identity: JSON.stringify(identity) },
  );
  const [, sha256] = pattern.exec(basename(path))!;
  return { path, sha256 };
}

/** The file that a finished stage left, with its sha256. */
export interface StageWeights {
  readonly path: string;
  readonly sha256: string;
}

/**
 * The weights in a stage's folder; undefined before it is done.
 *
 * @throws Error where there are several
 */
export function weightsIn(folder: string): StageWeights | undefined {
  if (!existsSync(folder)) return undefined;
  const found = readdirSync(folder).flatMap((name) => {
    const [, sha256] = pattern.exec(name) ?? [];
    return sha256 ? [{ path: join(folder, name), sha256 }] : [];
  });
  if (found.length <= 1) return found[0];
  throw new Error(
    `train: expected one file of weights, got ${found.length} in ${folder}; ` +
      "move all but the one that counts away",
  );
}

/**
 * Refuses weights that are damaged or another run's; reads no tensor.
 *
 * @param wanted - what is known of their run
 */
async function checkWeights(
  { path, sha256 }: StageWeights,
  wanted: Partial<Identity>,
): Promise<void> {
  if (!(await isWhole(path, sha256))) {
    throw new Error(
      `train: expected whole weights, got a damaged file (${path}); remove ` +
        "it and train its stage again: the last checkpoint is beside it",
    );
  }
  await checkFileIdentity(path, wanted);
}

/** Refuses a file of weights that another run wrote. */
export async function checkFileIdentity(
  path: string,
  wanted: Partial<Identity>,
): Promise<void> {
  const checkpoint = await openCheckpoint(path);
  try {
    checkIdentity(wanted, identityIn(checkpoint), path);
  } finally {
    await checkpoint.close();
  }
}

/**
 * The weights that a training left, where it is done: whole, and its own.
 *
 * A kill between them and the end of its log leaves that to be told now.
 *
 * @param place - its start may be gone, and is not looked at then
 */
export async function weightsBy(
  {
    folder,
    identity,
    settings,
  }: Omit<RunPlace, "identity"> & { readonly identity: Partial<Identity> },
  { steps }: Pick<Schedule, "steps">,
): Promise<StageWeights | undefined> {
  const found = weightsIn(folder);
  if (!found) return undefined;
  checkRecord({ folder, identity, settings });
  await checkWeights(found, identity);
  if (identity.start !== undefined) {
    settleLog({ folder, identity: identity as Identity, settings }, steps);
  }
  return found;
}

/**
 * The weights of a finished stage, the caller's.
 *
 * @param like - weights of the same form
 * @throws Error for a damaged file; RangeError for another run's, for tensors
 * that are not those of `like`, or numbers that are none
 */
export async function openWeights<P extends Tensors>(
  weights: StageWeights,
  like: P,
  wanted: Partial<Identity>,
): Promise<P> {
  await checkWeights(weights, wanted);
  return readWeights(weights.path, like, wanted);
}

/** The same of any file of a run's weights, whatever its name. */
export async function readWeights<P extends Tensors>(
  path: string,
  like: P,
  wanted: Partial<Identity>,
): Promise<P> {
  const checkpoint = await openCheckpoint(path);
  const made: tf.Tensor[] = [];
  try {
    checkIdentity(wanted, identityIn(checkpoint), path);
    const named = namedLeaves(like);
    const shapes = named.map(([name, { shape }]) => [name, shape] as const);
    checkTensors("train", new Map(shapes), checkpoint);
    for (const [name, { dtype }] of named) {
      const { shape, values } = await checkpoint.read(name);
      checkFinite("train", values, `(tensor "${name}", ${path})`);
      made.push(tf.tensor(values, [...shape], dtype));
    }
    return withLeaves(like, made);
  } catch (error) {
    disposeTensors(made);
    throw error;
  } finally {
    await checkpoint.close();
  }
}

/** Of which run weights are, as far as their file says; null where it does not. */
export function identityIn({
  metadata,
}: Pick<Checkpoint, "metadata">): Partial<Identity> | null {
  return JSON.parse(metadata?.get("identity") ?? "null");
}
