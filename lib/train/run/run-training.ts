import { join } from "node:path";
import { writeWhole } from "../../files/atomic.ts";
import { disposeTensors, type Tensors } from "../../tensor/params.ts";
import { pause } from "../fit.ts";
import { NotFinite, openStepper, type Stepper } from "../stepper.ts";
import {
  begin,
  disposeProgress,
  type Training,
  type TrainOptions,
} from "../training.ts";
import { type Checkpoints, openCheckpoints } from "./checkpoints.ts";
import type { Identity } from "./identity.ts";

export interface RunOptions extends TrainOptions {
  /** Of this training alone; made if it is not there. */
  readonly folder: string;
  readonly identity: Identity;
  /** Steps between checkpoints; not in the paper. */
  readonly saveEvery: number;
  /** Examples of a step. */
  readonly batchSize: number;
  /** What a step was given, as JSON, to be looked at when it fails. */
  readonly batchOf: (step: number) => Promise<unknown>;
  readonly report: (line: string) => void;
}

/** A run that was asked to stop, and has saved where it stands. */
export class Stopped extends Error {}

/**
 * Trains to the end, from the folder's last checkpoint where it has one.
 *
 * Ends with the same bytes however often it was killed and begun again. A
 * signal stops it after its step; then it saves.
 *
 * @returns what has moved, the caller's
 * @throws Stopped after a signal; RangeError for a loss or gradient that is no
 * number, its batch written beside the checkpoints
 */
export async function runTraining<
  P extends Tensors,
  F extends Tensors,
  B extends Tensors,
>(training: Training<P, F, B>, options: RunOptions): Promise<P> {
  const { batchSize, folder, identity, report } = options;
  const { name, schedule } = training;
  const checkpoints = openCheckpoints<P>(folder, {
    ...{ identity, report },
    groups: training.adamw?.groups,
  });
  const stepper = await opened(training, { checkpoints, report });
  try {
    while (stepper.step < schedule.steps) {
      const told = await stepped(stepper, training, options);
      options.onStep?.(told);
      await pause();
      const isStopped = options.signal?.aborted ?? false;
      const { step } = stepper;
      const isDue = step % options.saveEvery === 0 || step === schedule.steps;
      if (isDue || isStopped) save(stepper, { batchSize, checkpoints });
      if (isStopped && step < schedule.steps) {
        throw new Stopped(
          `train: stopped after step ${step} of ${schedule.steps} (${name}) ` +
            `and saved in ${folder}; the same command goes on from there`,
          { cause: options.signal!.reason },
        );
      }
    }
    const { state } = stepper.progress();
    disposeTensors(state.moments);
    return state.params;
  } finally {
    stepper.dispose();
  }
}

async function opened<P extends Tensors, F extends Tensors, B extends Tensors>(
  training: Training<P, F, B>,
  {
    checkpoints,
    report,
  }: {
    readonly checkpoints: Checkpoints<P>;
    readonly report: (line: string) => void;
  },
): Promise<Stepper<P>> {
  const saved = await checkpoints.latest(training.params);
  if (saved) {
    const { step } = saved.progress;
    report(`train: ${training.name} goes on after step ${step}`);
  }
  const progress = saved?.progress ?? begin(training);
  try {
    return openStepper(training, progress);
  } finally {
    disposeProgress(progress);
  }
}

function save<P extends Tensors>(
  stepper: Stepper<P>,
  {
    batchSize,
    checkpoints,
  }: { readonly batchSize: number; readonly checkpoints: Checkpoints<P> },
): void {
  const progress = stepper.progress();
  try {
    checkpoints.save({ progress, place: progress.step * batchSize });
  } finally {
    disposeProgress(progress);
  }
}

/** A step; where its numbers are none, its batch is kept and named. */
async function stepped<P extends Tensors>(
  stepper: Stepper<P>,
  { name }: { readonly name: string },
  { batchOf, folder, identity }: RunOptions,
) {
  const { step } = stepper;
  try {
    return await stepper.next();
  } catch (error) {
    if (!(error instanceof NotFinite)) throw error;
    const path = join(folder, `not-finite-step-${step}.json`);
    const batch = await batchOf(step);
    const { message } = error;
    const told = { message, name, step, identity, batch };
    writeWhole(path, `${JSON.stringify(told, null, 2)}\n`);
    throw new RangeError(
      `${message}; its batch is in ${path}, and the last checkpoint, from ` +
        `before it, in ${folder}`,
      { cause: error },
    );
  }
}
