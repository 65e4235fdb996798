import * as tf from "@tensorflow/tfjs";
import { openCheckpoint } from "../checkpoint/checkpoint.ts";
import { checkFinite } from "../checkpoint/finite.ts";
import { checkTensors } from "../checkpoint/match.ts";
import { writeSafetensors } from "../checkpoint/write-safetensors.ts";
import type { PathByHash } from "../files/atomic.ts";
import type { Plain } from "../files/plain.ts";
import {
  disposeTensors,
  namedLeaves,
  type Tensors,
  withLeaves,
} from "../tensor/params.ts";
import { type AdamwConfig, unflatten } from "./adamw.ts";
import { groupParameters, oneGroup } from "./groups.ts";
import type { Progress } from "./training.ts";

/** All that a training needs to go on: what a checkpoint holds. */
export interface TrainState<P extends Tensors> {
  /** Parameters, their moments, and the steps done. */
  readonly progress: Progress<P>;
  /** Examples that the source has given. */
  readonly place: number;
  /** What the training was begun with; a record for whoever goes on. */
  readonly settings: Plain;
}

/** How parameters are grouped, which orders their moments. */
type Groups = Pick<AdamwConfig, "groups">;

const [paramsName, meanName, squareName] = ["params", "mean", "square"];
/** Under which a file's texts have what is no tensor. */
export const recordName = "train_state";

/**
 * Writes a training's state to one safetensors file, whole or not at all.
 *
 * Every tensor goes by its name: `params.connector.latent_C`, and `mean` and
 * `square` of the same. No order is stored, so none can be mistaken.
 *
 * @param path - or what makes one of the file's sha256
 * @returns the file's path
 */
export function saveTrainState<P extends Tensors>(
  path: string | PathByHash,
  { place, progress, settings }: TrainState<P>,
  { groups = oneGroup }: Groups = {},
): string {
  const { moments, params } = progress.state;
  const named = namedLeaves(params);
  const all = named.map(([, leaf]) => leaf);
  let written = "";
  tf.tidy(() => {
    const mean: Record<string, tf.Tensor> = {};
    const square: Record<string, tf.Tensor> = {};
    groupParameters(params, groups).forEach(({ places }, g) => {
      const own = places.map((i) => all[i]);
      const means = unflatten(moments[g].mean_X, own);
      const squares = unflatten(moments[g].square_X, own);
      places.forEach((i, at) => {
        mean[named[i][0]] = means[at];
        square[named[i][0]] = squares[at];
      });
    });
    const record = JSON.stringify({ step: progress.step, place, settings });
    written = writeSafetensors(
      path,
      {
        [paramsName]: Object.fromEntries(named),
        [meanName]: mean,
        [squareName]: square,
      },
      { [recordName]: record },
    );
  });
  return written;
}

/**
 * The state that `saveTrainState` wrote, its tensors the caller's.
 *
 * @param like - parameters of the same form; their numbers do not matter
 * @throws RangeError where names or shapes are not those of `like` or
 * numbers not finite; TypeError for a file that holds no training's state
 */
export async function openTrainState<P extends Tensors>(
  path: string,
  like: P,
  { groups = oneGroup }: Groups = {},
): Promise<TrainState<P>> {
  const checkpoint = await openCheckpoint(path);
  const made: tf.Tensor[] = [];
  try {
    const record = checkpoint.metadata?.get(recordName);
    if (record === undefined) {
      throw new TypeError(
        `openTrainState: expected a training's state, got a checkpoint ` +
          `without "${recordName}" (${path})`,
      );
    }
    const named = namedLeaves(like);
    const wanted = [paramsName, meanName, squareName].flatMap((part) =>
      named.map(([name, { shape }]) => [`${part}.${name}`, shape] as const),
    );
    checkTensors("openTrainState", new Map(wanted), checkpoint);
    const read = async (part: string): Promise<tf.Tensor[]> => {
      const tensors: tf.Tensor[] = [];
      for (const [name, { dtype }] of named) {
        const full = `${part}.${name}`;
        const { shape, values } = await checkpoint.read(full);
        checkFinite("openTrainState", values, `(tensor "${full}", ${path})`);
        const tensor = tf.tensor(values, [...shape], dtype);
        made.push(tensor);
        tensors.push(tensor);
      }
      return tensors;
    };
    const params = withLeaves(like, await read(paramsName));
    const [mean, square] = [await read(meanName), await read(squareName)];
    const moments = groupParameters(params, groups).map(({ places }) => {
      const flat = (all: readonly tf.Tensor[]) =>
        tf.tidy(() => tf.concat1d(places.map((i) => all[i].as1D())));
      return { mean_X: flat(mean), square_X: flat(square) };
    });
    disposeTensors([mean, square]);
    const { place, settings, step } = JSON.parse(record);
    return { progress: { state: { params, moments }, step }, place, settings };
  } catch (error) {
    for (const tensor of made) tensor.dispose();
    throw error;
  } finally {
    await checkpoint.close();
  }
}
