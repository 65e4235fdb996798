import { join } from "node:path";
import { writeWhole } from "../../files/atomic.ts";
import type { RunLog } from "../../runlog/run-log.ts";
import type { Tensors } from "../../tensor/params.ts";
import { pause } from "../fit.ts";
import { NotFinite, type Stepper } from "../stepper.ts";
import {
  disposeProgress,
  type Training,
  type TrainOptions,
} from "../training.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { goOnAgain, onDisk, type Remedies, Stopped } from "./faults.ts";
import { metricsOf, type RunPlace } from "./log.ts";

export interface RunOptions
  extends TrainOptions,
    RunPlace,
    Pick<Remedies, "lighter"> {
  /** Steps between checkpoints; not in the paper. */
  readonly saveEvery: number;
  /** Examples of a step. */
  readonly batchSize: number;
  /** What a step was given, as JSON, to be looked at when it fails. */
  readonly batchOf: (step: number) => Promise<unknown>;
  readonly report: (line: string) => void;
}

/** A run under way, and what it writes to. */
export interface OpenTraining<P extends Tensors> {
  readonly stepper: Stepper<P>;
  readonly checkpoints: Checkpoints<P>;
  readonly log: RunLog;
  readonly remedies: Remedies;
}

/** Steps to the end of the schedule, saved now and then. */
export async function takeSteps<P extends Tensors>(
  { name, schedule }: Pick<Training<P, Tensors, Tensors>, "name" | "schedule">,
  options: RunOptions,
  { checkpoints, log, remedies, stepper }: OpenTraining<P>,
): Promise<void> {
  const { batchSize, folder, onStep, saveEvery, signal } = options;
  let saved = stepper.step;
  const keep = () => {
    if (stepper.step === saved) return;
    onDisk(() => {
      log.flush();
      save(stepper, { batchSize, checkpoints });
    }, remedies);
    saved = stepper.step;
  };
  while (stepper.step < schedule.steps) {
    if (signal?.aborted) {
      keep();
      throw new Stopped(
        `train: stopped after step ${stepper.step} of ${schedule.steps} ` +
          `(${name}) and saved in ${folder}; ${goOnAgain}`,
        { cause: signal.reason },
      );
    }
    const told = await stepped(stepper, name, options);
    onDisk(() => log.step(metricsOf(told)), remedies);
    onStep?.(told);
    if (told.step % saveEvery === 0 || told.step === schedule.steps) keep();
    await pause();
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
  name: string,
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
