import { disposeTensors, type Tensors } from "../tensor/params.ts";
import { openStepper, type Stepper } from "./stepper.ts";
import {
  begin,
  disposeProgress,
  type Progress,
  type Training,
  type TrainOptions,
} from "./training.ts";

/**
 * Trains with AdamW and returns the parameters and the loss of every step.
 *
 * @throws RangeError when a loss or gradient is no number
 */
export async function fit<
  P extends Tensors,
  F extends Tensors,
  B extends Tensors,
>(
  training: Training<P, F, B>,
  options: TrainOptions = {},
): Promise<{ params: P; losses: Float32Array }> {
  const { losses, progress } = await goOn(training, begin(training), options);
  const { moments, params } = progress.state;
  disposeTensors(moments);
  return { params, losses };
}

/**
 * Goes on from where a training stands, to its end or to step `until`.
 *
 * Between steps it yields, so that a signal is heard. What is handed in as
 * progress is used up, also when the training fails.
 *
 * @returns where it stands then, and the losses of the steps taken
 * @throws RangeError when a loss or gradient is no number, or `until` lies
 * behind
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
  }: TrainOptions & { readonly until?: number } = {},
): Promise<{ progress: Progress<P>; losses: Float32Array }> {
  const stepper = opened(training, progress);
  try {
    checkUntil(until, progress.step, training.schedule.steps);
    const losses = new Float32Array(until - progress.step);
    for (let i = 0; i < losses.length; i++) {
      signal?.throwIfAborted();
      const report = await stepper.next();
      losses[i] = report.loss;
      onStep?.(report);
      await pause();
    }
    return { progress: stepper.progress(), losses };
  } finally {
    stepper.dispose();
  }
}

/** The stepper alone holds the state from here on. */
function opened<P extends Tensors, F extends Tensors, B extends Tensors>(
  training: Training<P, F, B>,
  progress: Progress<P>,
): Stepper<P> {
  try {
    return openStepper(training, progress);
  } finally {
    disposeProgress(progress);
  }
}

function checkUntil(until: number, done: number, steps: number): void {
  if (Number.isInteger(until) && until >= done && until <= steps) return;
  throw new RangeError(
    `goOn: expected until in ${done}..${steps}, got ${until}`,
  );
}

/** Lets timers, signals and drawing have their turn. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
