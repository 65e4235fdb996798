import * as tf from "@tensorflow/tfjs";
import { compile } from "../engine/compile.ts";
import {
  disposeTensors,
  leaves,
  type Tensors,
  withLeaves,
} from "../tensor/params.ts";
import {
  type AdamwConfig,
  type AdamwState,
  adamwDefaults,
  startAdamw,
  stepAdamw,
} from "./adamw.ts";
import { learningRateAt, type Schedule } from "./schedule.ts";

/** What a long stage tells and takes while it runs. */
export interface StageOptions {
  /** Stops the stage before its next step. */
  readonly signal?: AbortSignal;
  readonly onStep?: (report: StepReport) => void;
}

export interface StepReport {
  readonly step: number;
  readonly steps: number;
  /** In nats per token. */
  readonly loss?: number;
}

/** One training run: what moves, what stays, and what is counted. */
export interface Run<P extends Tensors, F extends Tensors, B extends Tensors> {
  /** Where training starts; stays the caller's. */
  readonly params: P;
  /** Gets no gradient and does not move. */
  readonly frozen: F;
  readonly loss: (params: P, frozen: F, batch: B) => tf.Scalar;
  /** Makes the batch of a step; `fit` frees it. */
  readonly batchAt: (step: number) => B;
  readonly schedule: Schedule;
  readonly adamw?: AdamwConfig;
  /** For errors and reports. */
  readonly name: string;
}

/**
 * Trains with AdamW and returns the parameters and the loss of every step.
 *
 * The step is compiled once: batches have one shape, and rate and step number
 * are tensors. Between steps it yields, so that a signal is heard.
 */
export async function fit<
  P extends Tensors,
  F extends Tensors,
  B extends Tensors,
>(
  run: Run<P, F, B>,
  { onStep, signal }: StageOptions = {},
): Promise<{ params: P; losses: Float32Array }> {
  const { steps } = run.schedule;
  const step = compile(trainingStep(run), { name: run.name });
  const losses = new Float32Array(steps);
  let state = startAdamw(run.params);
  try {
    for (let i = 0; i < steps; i++) {
      signal?.throwIfAborted();
      const batch = run.batchAt(i);
      const numbers = {
        learningRate: tf.scalar(learningRateAt(run.schedule, i)),
        stepNumber: tf.scalar(i + 1),
      };
      const after = step({ state, frozen: run.frozen, batch, numbers });
      disposeTensors([state, batch, numbers]);
      state = after.state;
      losses[i] = after.loss.dataSync()[0];
      after.loss.dispose();
      checkLoss(losses[i], run.name, i);
      onStep?.({ step: i + 1, steps, loss: losses[i] });
      await pause();
    }
    disposeTensors([state.mean_X, state.square_X]);
    return { params: state.params, losses };
  } catch (error) {
    disposeTensors(state);
    throw error;
  } finally {
    step.dispose();
  }
}

function trainingStep<P extends Tensors, F extends Tensors, B extends Tensors>(
  run: Run<P, F, B>,
) {
  return (input: {
    readonly state: AdamwState<P>;
    readonly frozen: F;
    readonly batch: B;
    readonly numbers: {
      readonly learningRate: tf.Scalar;
      readonly stepNumber: tf.Scalar;
    };
  }) => {
    const { batch, frozen, numbers, state } = input;
    const lossOf = (...values: tf.Tensor[]) =>
      run.loss(withLeaves(state.params, values), frozen, batch);
    const { grads, value } = tf.valueAndGrads(lossOf)(leaves(state.params));
    const config = run.adamw ?? adamwDefaults;
    const after = stepAdamw(state, grads, { config, ...numbers });
    return { state: after, loss: value as tf.Scalar };
  };
}

function checkLoss(loss: number, name: string, step: number) {
  if (Number.isFinite(loss)) return;
  throw new RangeError(
    `fit: expected a finite loss, got ${loss} (${name}, step ${step}); ` +
      "lower peakLearningRate or lengthen the warm-up",
  );
}

/** Lets timers, signals and drawing have their turn. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
