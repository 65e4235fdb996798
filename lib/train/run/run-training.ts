import type { RunLog } from "../../runlog/run-log.ts";
import {
  countParameters,
  disposeTensors,
  type Tensors,
} from "../../tensor/params.ts";
import { openStepper, type Stepper } from "../stepper.ts";
import { begin, disposeProgress, type Training } from "../training.ts";
import { type Checkpoints, openCheckpoints } from "./checkpoints.ts";
import { inMemory, onDisk, type Remedies, Stopped } from "./faults.ts";
import { checkRecord, newsOfEngine, openLog } from "./log.ts";
import { type RunOptions, takeSteps } from "./steps.ts";

/**
 * Trains to the end, from the folder's last checkpoint where it has one.
 *
 * Ends with the same bytes however often it was killed and begun again. A
 * signal stops it after its step; then it saves. Its log, beside the
 * checkpoints, has the steps that they have, and ends when all is saved.
 *
 * @param finish - saves what has moved, which is freed then
 * @returns what `finish` does
 * @throws Stopped after a signal; RangeError for a folder of another run, and
 * for a loss or gradient that is no number, its batch written beside the
 * checkpoints; Error for want of memory or disk, with what helps
 */
export async function runTraining<
  P extends Tensors,
  F extends Tensors,
  B extends Tensors,
  T,
>(
  training: Training<P, F, B>,
  options: RunOptions,
  finish: (params: P) => T,
): Promise<T> {
  const { folder, identity, lighter, report } = options;
  checkRecord(options);
  const checkpoints = openCheckpoints<P>(folder, {
    ...{ identity, report },
    groups: training.adamw?.groups,
  });
  // Parameters and two moments of each, in float32.
  const bytes = 3 * 4 * countParameters(training.params);
  const remedies = { folder, lighter, bytes };
  const open = () => opened(training, { checkpoints, report });
  const stepper = await inMemory(open, remedies);
  try {
    const news = stepper.step > 0 ? newsOfEngine(folder) : undefined;
    if (news) report(news);
    const log = onDisk(() => openLog(options, stepper.step), remedies);
    const work = async () => {
      await takeSteps(training, options, {
        ...{ checkpoints, log, remedies, stepper },
      });
      return finished(stepper, finish, remedies);
    };
    const inWords = () => inMemory(work, remedies);
    return await logged(log, inWords, { remedies, report });
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
    return openStepper(training, progress, { report });
  } finally {
    disposeProgress(progress);
  }
}

/** Hands on what has moved, to be saved. */
function finished<P extends Tensors, T>(
  stepper: Stepper<P>,
  finish: (params: P) => T,
  remedies: Remedies,
): T {
  const { moments, params } = stepper.progress().state;
  disposeTensors(moments);
  try {
    return onDisk(() => finish(params), remedies);
  } finally {
    disposeTensors(params);
  }
}

/** Work whose end, whatever it is, the log tells. */
async function logged<T>(
  log: RunLog,
  work: () => Promise<T>,
  {
    remedies,
    report,
  }: { readonly remedies: Remedies } & Pick<RunOptions, "report">,
): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    try {
      if (error instanceof Stopped) log.end("interrupted");
      else log.end("failed", error);
    } catch (cause) {
      // The first fault counts: on a full disk the log can not tell of it.
      report(
        `train: the log in ${remedies.folder} has no end, for ` +
          `${(cause as Error).message}`,
      );
    }
    throw error;
  }
  onDisk(() => log.end("done"), remedies);
  return result;
}
