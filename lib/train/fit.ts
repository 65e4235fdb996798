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

/** What long work tells and takes while it runs. */
export interface WorkOptions {
  /** Stops the work before its next step. */
  readonly signal?: AbortSignal;
  readonly onStep?: (report: StepReport) => void;
}

export interface StepReport {
  readonly step: number;
  readonly steps: number;
  /** In nats per token. */
  readonly loss?: number;
}

/** One training: what moves, what stays, and what is counted. */
export interface Training<
  P extends Tensors,
  F extends Tensors,
  B extends Tensors,
> {
  /** Where training starts; stays the caller's. */
  readonly params: P;
  /** Gets no gradient and does not move. */
  readonly frozen: F;
  readonly loss: (params: P, frozen: F, batch: B) => tf.Scalar;
  /** Makes the batch of a step; `fit` frees it. */
  readonly batchAt: (step: number) => B | Promise<B>;
  readonly schedule: Schedule;
  readonly adamw?: AdamwConfig;
  /**
   * Let XLA compile the step: seconds to minutes at its start, and 30 % less
   * time a step at 1 M parameters, 3 % at 7 M (`bench/results/engine`). Last
   * bits differ. Default false.
   */
  readonly xla?: boolean;
  /** For errors and reports. */
  readonly name: string;
}

/** Where a training stands: enough, with its settings, to go on. */
export interface Progress<P extends Tensors> {
  readonly state: AdamwState<P>;
  /** Steps that are done. */
  readonly step: number;
}

/** The start of a training; the parameters are copied. */
export function begin<P extends Tensors>({
  adamw = adamwDefaults,
  params,
}: Pick<Training<P, Tensors, Tensors>, "params" | "adamw">): Progress<P> {
  return { state: startAdamw(params, adamw), step: 0 };
}

/**
 * Trains with AdamW and returns the parameters and the loss of every step.
 *
 * @throws RangeError when a loss is no number
 */
export async function fit<
  P extends Tensors,
  F extends Tensors,
  B extends Tensors,
>(
  training: Training<P, F, B>,
  options: WorkOptions = {},
): Promise<{ params: P; losses: Float32Array }> {
  const { losses, progress } = await goOn(training, begin(training), options);
  const { moments, params } = progress.state;
  disposeTensors(moments);
  return { params, losses };
}

/**
 * Goes on from where a training stands, to its end or to step `until`.
 *
 * The step is compiled once for each shape of batch: rate and step number are
 * tensors, and what it trains stays inside, with what is frozen beside it.
 * Between steps it yields, so that a signal is heard. What is handed in as progress is used up, also when the
 * training fails.
 *
 * @returns where it stands then, and the losses of the steps taken
 * @throws RangeError when a loss is no number, or `until` lies behind
 */
export async function goOn<
  P extends Tensors,
  F extends Tensors,
  B extends Tensors,
>(
  training: Training<P, F, B>,
  progress: Progress<P>,
  {
    onStep,
    signal,
    until = training.schedule.steps,
  }: WorkOptions & { readonly until?: number } = {},
): Promise<{ progress: Progress<P>; losses: Float32Array }> {
  const { name, schedule } = training;
  const { steps } = schedule;
  const step = compile(trainingStep(training), {
    name,
    carry: "state",
    xla: training.xla,
  });
  try {
    step.write({ trained: progress.state, frozen: training.frozen });
    disposeTensors(progress.state);
    checkUntil(until, progress.step, steps);
    const losses = new Float32Array(until - progress.step);
    for (let i = progress.step; i < until; i++) {
      signal?.throwIfAborted();
      const batch = await training.batchAt(i);
      const numbers = {
        learningRate: tf.scalar(learningRateAt(schedule, i)),
        stepNumber: tf.scalar(i + 1),
      };
      const { loss } = step({ batch, numbers });
      disposeTensors([batch, numbers]);
      const [value] = loss.dataSync();
      loss.dispose();
      checkLoss(value, name, i);
      losses[i - progress.step] = value;
      onStep?.({ step: i + 1, steps, loss: value });
      await pause();
    }
    const { frozen, trained } = step.read();
    disposeTensors(frozen);
    return { progress: { state: trained, step: until }, losses };
  } finally {
    step.dispose();
  }
}

function checkUntil(until: number, done: number, steps: number): void {
  if (Number.isInteger(until) && until >= done && until <= steps) return;
  throw new RangeError(
    `goOn: expected until in ${done}..${steps}, got ${until}`,
  );
}

function trainingStep<P extends Tensors, F extends Tensors, B extends Tensors>(
  training: Training<P, F, B>,
) {
  return (input: {
    readonly state: { readonly trained: AdamwState<P>; readonly frozen: F };
    readonly batch: B;
    readonly numbers: {
      readonly learningRate: tf.Scalar;
      readonly stepNumber: tf.Scalar;
    };
  }) => {
    const { batch, numbers } = input;
    const { frozen, trained } = input.state;
    const lossOf = (...values: tf.Tensor[]) =>
      training.loss(withLeaves(trained.params, values), frozen, batch);
    const { grads, value } = tf.valueAndGrads(lossOf)(leaves(trained.params));
    const config = training.adamw ?? adamwDefaults;
    const after = stepAdamw(trained, grads, { config, ...numbers });
    return { state: { trained: after, frozen }, loss: value as tf.Scalar };
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
