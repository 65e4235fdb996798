import * as tf from "@tensorflow/tfjs";
import { type CompiledPieces, openPieces } from "../engine/pieces.ts";
import {
  disposeTensors,
  leaves,
  mapTensors,
  namedLeaves,
  type Tensors,
  withLeaves,
} from "../tensor/params.ts";
import { inPieces, type Pieces } from "../tensor/pieces.ts";
import {
  type AdamwState,
  adamwDefaults,
  type Moments,
  type StepNumbers,
} from "./adamw.ts";
import { groupParameters, oneGroup } from "./groups.ts";
import { type MomentStore, openMoments, type StretchAt } from "./moments.ts";
import { type Movable, type MoveOptions, moveParameters } from "./move.ts";
import type { Training } from "./training.ts";

/** A step that is taken layer by layer, and keeps its state between calls. */
export interface Layered<
  P extends Tensors,
  F extends Tensors,
  B extends Tensors,
> {
  /**
   * Gathers a micro-batch; with a step's numbers it moves the parameters.
   *
   * @returns then loss and length of each group's gradient
   */
  (input: {
    readonly batch: B;
    readonly numbers: StepNumbers | Record<string, never>;
  }): { readonly told: readonly tf.Scalar[] };
  /** Sets the state; the tensors stay the caller's. */
  write(state: LayeredState<P, F>): void;
  /** Copies, the caller's. */
  read(): LayeredState<P, F>;
  dispose(): void;
}

/** What trains, and what stays. */
interface LayeredState<P extends Tensors, F extends Tensors> {
  readonly trained: AdamwState<P>;
  readonly frozen: F;
}

/** A state between steps, and what has been gathered of the next one. */
interface Held<P extends Tensors, F extends Tensors> extends Movable {
  /** The parameters' form; its tensors are `params`. */
  readonly form: P;
  readonly frozen: F;
  readonly sums: Sums;
}

interface Sums {
  /** Weighted gradients by the parameters' leaves; none where none came. */
  readonly gradients: (tf.Tensor | undefined)[];
  loss: number;
  weight: number;
}

/**
 * A training's step, of which no graph is larger than a layer.
 *
 * A step that is one graph holds all gradients, its old state and its new one,
 * and, while it is recorded, whatever AdamW makes on its way. Here each piece
 * of the loss is a graph; gradients are summed up as they are made, and once
 * their length is known AdamW moves one parameter after the other. The numbers
 * are the same but for last bits, as sums are cut elsewhere.
 *
 * Tensors pass from graph to graph through host memory: this is for a CPU.
 */
export function openLayered<
  P extends Tensors,
  F extends Tensors,
  B extends Tensors,
>(training: Training<P, F, B>): Layered<P, F, B> {
  const { adamw = adamwDefaults, name, onPhase, xla } = training;
  const pieces = openPieces({ name, xla, onRun: onPhase });
  let held: Held<P, F> | undefined;
  const step: Layered<P, F, B> = Object.assign(
    ({ batch, numbers }: Parameters<Layered<P, F, B>>[0]) => {
      gather(held!, batch, { pieces, training });
      if (!("learningRate" in numbers)) return { told: [] };
      const options = {
        adamw,
        numbers: numbers as StepNumbers,
        onPhase,
        pieces,
      };
      return { told: finish(held!, { ...options, name }) };
    },
    {
      read: () => readState(held!),
      write: (state: LayeredState<P, F>) => {
        drop(held);
        held = hold(state, training);
      },
      dispose: () => {
        drop(held);
        held = undefined;
        pieces.dispose();
      },
    },
  );
  return step;
}

function hold<P extends Tensors, F extends Tensors>(
  { frozen, trained }: LayeredState<P, F>,
  {
    adamw = adamwDefaults,
    moments = "memory",
  }: Pick<Training<P, F, Tensors>, "adamw" | "moments">,
): Held<P, F> {
  const form = trained.params;
  const params = leaves(form).map((leaf) => tf.keep(leaf.clone()));
  const groups = groupParameters(form, adamw.groups ?? oneGroup);
  const sizes = params.map(({ size }) => size);
  const store = openMoments(sizes, moments);
  groups.forEach(({ places }, g) => {
    const { mean_X, square_X } = trained.moments[g];
    for (const [numbers, vector] of [
      [store.mean, mean_X],
      [store.square, square_X],
    ] as const) {
      const values = vector.dataSync<"float32">();
      eachWhole(places, sizes, (at, place) =>
        numbers.set(at, values.subarray(place, place + at.size)),
      );
    }
  });
  return {
    ...{ form, groups, params, store },
    frozen: mapTensors(frozen, (leaf) => tf.keep(leaf.clone())),
    sums: { gradients: sizes.map(() => undefined), loss: 0, weight: 0 },
  };
}

/** Parameters of a group, each whole, and its place in the group's vector. */
function eachWhole(
  places: readonly number[],
  sizes: readonly number[],
  use: (at: StretchAt, place: number) => void,
): void {
  let place = 0;
  for (const leaf of places) {
    const size = sizes[leaf];
    use({ leaf, from: 0, size }, place);
    place += size;
  }
}

function readState<P extends Tensors, F extends Tensors>({
  form,
  frozen,
  groups,
  params,
  store,
}: Held<P, F>): LayeredState<P, F> {
  const sizes = params.map(({ size }) => size);
  const vectors = (places: readonly number[]): Moments => {
    const total = places.reduce((sum, leaf) => sum + sizes[leaf], 0);
    const vector = (numbers: MomentStore["mean"]) => {
      const values = new Float32Array(total);
      eachWhole(places, sizes, (at, place) =>
        values.set(numbers.get(at), place),
      );
      return tf.tensor1d(values);
    };
    return { mean_X: vector(store.mean), square_X: vector(store.square) };
  };
  return {
    frozen: mapTensors(frozen, (leaf) => leaf.clone()),
    trained: {
      params: withLeaves(
        form,
        params.map((leaf) => leaf.clone()),
      ),
      moments: groups.map(({ places }) => vectors(places)),
    },
  };
}

function drop(held: Held<Tensors, Tensors> | undefined): void {
  if (!held) return;
  const { frozen, params, store, sums } = held;
  disposeTensors([frozen, params]);
  clear(sums);
  store.dispose();
}

function clear(sums: Sums): void {
  for (const gradient of sums.gradients) gradient?.dispose();
  sums.gradients.fill(undefined);
  sums.loss = 0;
  sums.weight = 0;
}

/** Adds a micro-batch's gradients to those of its step. */
function gather<P extends Tensors, F extends Tensors, B extends Tensors>(
  { form, frozen, params, sums }: Held<P, F>,
  batch: B,
  {
    pieces,
    training,
  }: {
    readonly pieces: CompiledPieces;
    readonly training: Training<P, F, B>;
  },
): void {
  const { loss, nMicroBatches = 1, weightOf } = training;
  // As where a step is one graph: alone, a micro-batch is not weighed.
  const isAlone = nMicroBatches === 1;
  const weight =
    isAlone || !weightOf ? 1 : tf.tidy(() => weightOf(batch).dataSync()[0]);
  const placeOf = new Map(params.map(({ id }, i) => [id, i]));
  const add = (i: number, gradient: tf.Tensor) => {
    const before = sums.gradients[i];
    sums.gradients[i] = tf.tidy(() => {
      const own = isAlone ? gradient.clone() : gradient.mul(weight);
      return tf.keep(before ? before.add(own) : own);
    });
    before?.dispose();
  };
  tf.tidy(() => {
    const running: Pieces = {
      thread: tf.scalar(0),
      run: pieces.run,
      takes: ({ id }) => placeOf.has(id),
      take: ({ id }, gradient) => add(placeOf.get(id)!, gradient),
    };
    const lossOf = () =>
      inPieces(running, () => loss(withLeaves(form, params), frozen, batch));
    // What no piece has taken comes by the tape.
    const { grads, value } = tf
      .engine()
      .gradients(lossOf, [running.thread, ...params], undefined, true);
    grads.slice(1).forEach((gradient, i) => {
      if (gradient) add(i, gradient);
    });
    sums.loss += weight * value.dataSync()[0];
    sums.weight += weight;
  });
}

/** Moves the parameters by the step's gradients. */
function finish<P extends Tensors, F extends Tensors>(
  held: Held<P, F>,
  { name, ...options }: MoveOptions & { readonly name: string },
): tf.Scalar[] {
  const { form, sums } = held;
  const names = namedLeaves(form).map(([name]) => name);
  const gradients = sums.gradients.map((sum, i) => {
    if (!sum) {
      throw new Error(
        `openLayered: expected a loss that every parameter counts in, got ` +
          `one without ${names[i]} (${name})`,
      );
    }
    sums.gradients[i] = undefined;
    if (sums.weight === 1) return sum;
    const mean = sum.div(sums.weight);
    sum.dispose();
    return mean;
  });
  const loss = sums.loss / sums.weight;
  clear(sums);
  return [tf.scalar(loss), ...moveParameters(held, gradients, options)];
}
