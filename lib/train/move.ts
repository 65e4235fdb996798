import * as tf from "@tensorflow/tfjs";
import { fused } from "../engine/graph/fused.ts";
import type { CompiledPieces } from "../engine/pieces.ts";
import {
  type AdamwConfig,
  fuseAbove,
  type Moments,
  type StepNumbers,
  shortenings,
  stepStretch,
} from "./adamw.ts";
import type { GroupMembers } from "./groups.ts";
import type { MomentStore, StretchAt } from "./moments.ts";

/** Most numbers of a parameter that are moved at once: 64 MiB. */
const longest = 2 ** 24;

/** Parameters that are moved one after the other. */
export interface Movable {
  /** Replaced as they move. */
  readonly params: tf.Tensor[];
  readonly groups: readonly GroupMembers[];
  readonly store: MomentStore;
}

export interface MoveOptions {
  readonly adamw: AdamwConfig;
  readonly numbers: StepNumbers;
  readonly pieces: CompiledPieces;
  /** Told how long moments were read and written. */
  readonly onPhase?: (phase: string, seconds: number) => void;
}

/**
 * A step of AdamW, stretch by stretch: `measuredStep` for parameters of which
 * no second copy fits.
 *
 * @param gradients - of each parameter; freed on the way
 * @returns each group's gradient as long as it came
 */
export function moveParameters(
  { groups, params, store }: Movable,
  gradients: readonly tf.Tensor[],
  options: MoveOptions,
): tf.Scalar[] {
  const squares = groups.map(({ places }) => squareOf(places, gradients));
  const shrinks = tf.tidy(() => shortenings(squares, groups, options.adamw));
  const kept = clocked(store, options);
  groups.forEach(({ group, places }, g) => {
    for (const leaf of places) {
      const before = params[leaf];
      params[leaf] = moveOne(before, gradients[leaf], {
        ...options,
        group,
        kind: `move ${g} ${before.rank > 1}`,
        leaf,
        shrink: shrinks[g],
        store: kept,
      });
      tf.dispose([before, gradients[leaf]]);
    }
  });
  kept.tell();
  const norms = squares.map((square) => square.sqrt<tf.Scalar>());
  tf.dispose([squares, shrinks]);
  return norms;
}

/** Square of a group's gradient's length. */
function squareOf(
  places: readonly number[],
  gradients: readonly tf.Tensor[],
): tf.Scalar {
  return tf.tidy(() =>
    places
      .map((i) => tf.tidy(() => gradients[i].square().sum<tf.Scalar>()))
      .reduce((sum, one) => sum.add(one)),
  );
}

/** A parameter after the step; what is given stays the caller's. */
function moveOne(
  before: tf.Tensor,
  gradient: tf.Tensor,
  {
    adamw,
    group,
    kind,
    leaf,
    numbers,
    pieces,
    shrink,
    store,
  }: MoveOptions &
    Pick<GroupMembers, "group"> & {
      readonly kind: string;
      readonly leaf: number;
      readonly shrink: tf.Scalar;
      readonly store: Kept;
    },
): tf.Tensor {
  const step = (input: StretchInput) => {
    const { gradient_X, numbers, shrink, ...stretch } = input;
    const options = { config: adamw, group, like: before, shrink, ...numbers };
    const run = () => stepStretch(stretch, gradient_X, options);
    return gradient_X.size > fuseAbove ? fused(run) : run();
  };
  return tf.tidy(() => {
    const [flat, slope] = [before, gradient].map((x) => x.as1D());
    const parts = stretches(leaf, before.size).map((at) =>
      tf.tidy(() => {
        const input = {
          param_X: cut(flat, at),
          gradient_X: cut(slope, at),
          moments: store.read(at),
          ...{ numbers, shrink },
        };
        const { moments, param_X } = pieces.run(kind, step, input);
        store.write(at, moments);
        return param_X;
      }),
    );
    const [whole] = parts.length === 1 ? parts : [tf.concat1d(parts)];
    return tf.keep(whole.reshape(before.shape));
  });
}

type StretchInput = {
  readonly param_X: tf.Tensor1D;
  readonly gradient_X: tf.Tensor1D;
  readonly moments: Moments;
  readonly numbers: StepNumbers;
  readonly shrink: tf.Scalar;
};

function stretches(leaf: number, size: number): StretchAt[] {
  return Array.from({ length: Math.ceil(size / longest) }, (_, i) => {
    const from = i * longest;
    return { leaf, from, size: Math.min(longest, size - from) };
  });
}

function cut(x_X: tf.Tensor1D, { from, size }: StretchAt): tf.Tensor1D {
  return size === x_X.size ? x_X : x_X.slice(from, size);
}

/** A store's moments as tensors. */
interface Kept {
  read(at: StretchAt): Moments;
  write(at: StretchAt, moments: Moments): void;
  /** Says how long it took. */
  tell(): void;
}

function clocked(
  { mean, square }: MomentStore,
  { onPhase }: Pick<MoveOptions, "onPhase">,
): Kept {
  let seconds = 0;
  const timed = <T>(work: () => T): T => {
    const start = performance.now();
    const made = work();
    seconds += (performance.now() - start) / 1000;
    return made;
  };
  return {
    read: (at) =>
      timed(() => ({
        mean_X: tf.tensor1d(mean.get(at)),
        square_X: tf.tensor1d(square.get(at)),
      })),
    write: (at, { mean_X, square_X }) =>
      timed(() => {
        mean.set(at, mean_X.dataSync<"float32">());
        square.set(at, square_X.dataSync<"float32">());
      }),
    tell: () => onPhase?.("moments", seconds),
  };
}
