import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { openCheckpoint } from "../../checkpoint/checkpoint.ts";
import { checkFinite } from "../../checkpoint/finite.ts";
import { checkTensors } from "../../checkpoint/match.ts";
import { writeSafetensors } from "../../checkpoint/write-safetensors.ts";
import {
  disposeTensors,
  namedLeaves,
  type Tensors,
  withLeaves,
} from "../../tensor/params.ts";
import { isWhole } from "./checkpoints.ts";
import { checkIdentity, type Identity } from "./identity.ts";

const pattern = /^weights-([0-9a-f]{64})\.safetensors$/;

/** Where a stage of a run has its files. */
export const stageFolder = (folder: string, number: number) =>
  join(folder, `stage-${number}`);

/** Writes what a stage ends with, its sha256 in its name. */
export function saveWeights(
  folder: string,
  weights: Tensors,
  identity: Identity,
): string {
  return writeSafetensors(
    (sha256) => join(folder, `weights-${sha256}.safetensors`),
    weights,
    { identity: JSON.stringify(identity) },
  );
}

/** The file that a finished stage left; undefined before. */
export function weightsIn(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  const name = readdirSync(folder).find((one) => pattern.test(one));
  return name && join(folder, name);
}

/**
 * The weights of a finished stage, the caller's.
 *
 * @param like - weights of the same form
 * @throws Error for a damaged file; RangeError for another run's, for tensors
 * that are not those of `like`, or numbers that are none
 */
export async function openWeights<P extends Tensors>(
  path: string,
  like: P,
  identity: Identity,
): Promise<P> {
  const [, sha256] = pattern.exec(path.split(/[\\/]/).at(-1)!) ?? [];
  if (!(sha256 && (await isWhole(path, sha256)))) {
    throw new Error(
      `train: expected whole weights, got a damaged file (${path}); remove ` +
        "it and train its stage again: the last checkpoint is beside it",
    );
  }
  const checkpoint = await openCheckpoint(path);
  const made: tf.Tensor[] = [];
  try {
    const found = checkpoint.metadata?.get("identity") ?? "null";
    checkIdentity(identity, JSON.parse(found), path);
    const named = namedLeaves(like);
    const wanted = named.map(([name, { shape }]) => [name, shape] as const);
    checkTensors("train", new Map(wanted), checkpoint);
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
