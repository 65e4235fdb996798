import * as tf from "@tensorflow/tfjs";
import { compile } from "../engine/compile.ts";
import { disposeTensors, type Tensors } from "../tensor/params.ts";
import { adamwDefaults } from "./adamw.ts";
import { oneGroup } from "./groups.ts";
import { openLayered } from "./layered.ts";
import { learningRateAt } from "./schedule.ts";
import {
  type Gathered,
  type Input,
  nothing,
  type State,
  stepOf,
} from "./step.ts";
import type { Progress, Training, TrainReport } from "./training.ts";

/** A training that goes step by step; what it trains stays in the graph. */
export interface Stepper<P extends Tensors> {
  /** Steps that are done. */
  readonly step: number;
  /**
   * Takes one step.
   *
   * @throws NotFinite when loss or gradient is no number: the state is lost
   */
  next(): Promise<TrainReport>;
  /** Where it stands: copies, the caller's. */
  progress(): Progress<P>;
  dispose(): void;
}

export interface StepperOptions {
  /** Takes lines such as that of a second trace; default console.log. */
  readonly report?: (line: string) => void;
}

/** A step after which there is nothing to go on from. */
export class NotFinite extends RangeError {
  readonly step: number;
  constructor(message: string, step: number) {
    super(message);
    this.step = step;
  }
}

/** A step with its state inside, however it is compiled. */
interface Run<P extends Tensors, F extends Tensors, B extends Tensors> {
  (
    input: Omit<Input<P, F, B>, "state">,
  ): {
    readonly told: readonly tf.Scalar[];
  };
  write(state: State<P, F>): void;
  read(): Pick<State<P, F>, "trained" | "frozen">;
  dispose(): void;
}

/**
 * Opens a training at a place.
 *
 * The step is compiled once for each shape of batch: rate and step number are
 * tensors, and what it trains stays inside, with what is frozen beside it. The
 * progress stays the caller's.
 */
export function openStepper<
  P extends Tensors,
  F extends Tensors,
  B extends Tensors,
>(
  training: Training<P, F, B>,
  progress: Progress<P>,
  { report }: StepperOptions = {},
): Stepper<P> {
  const { adamw = adamwDefaults, frozen, name, schedule } = training;
  const { nMicroBatches = 1 } = training;
  checkMicroBatches(nMicroBatches, name);
  const isLayered = training.compiles === "layers";
  const run: Run<P, F, B> = isLayered
    ? openLayered(training)
    : compile(stepOf(training), {
        ...{ name, report: newsOf(nMicroBatches, report) },
        carry: "state",
        xla: training.xla,
      });
  const gathered: Gathered =
    nMicroBatches === 1 || isLayered ? [] : nothing(progress.state.params);
  try {
    run.write({ trained: progress.state, frozen, gathered });
  } finally {
    disposeTensors(gathered);
  }
  const names = (adamw.groups ?? oneGroup).map((group) => group.names || "all");
  let step = progress.step;

  /** Runs a micro-batch; only the last of a step returns numbers. */
  const runMicro = async (micro: number) => {
    const asked = performance.now();
    const batch = await training.batchAt(step, micro);
    const waitMs = performance.now() - asked;
    const tokens = training.tokensOf?.(batch) ?? 0;
    const numbers =
      micro === nMicroBatches - 1
        ? {
            learningRate: tf.scalar(learningRateAt(schedule, step)),
            stepNumber: tf.scalar(step + 1),
          }
        : ({} as Record<string, never>);
    try {
      return { told: run({ batch, numbers }).told, tokens, waitMs };
    } finally {
      disposeTensors([batch, numbers]);
    }
  };
  const next = async (): Promise<TrainReport> => {
    const start = performance.now();
    let [tokens, waitMs] = [0, 0];
    let told: readonly tf.Scalar[] = [];
    for (let micro = 0; micro < nMicroBatches; micro++) {
      const done = await runMicro(micro);
      tokens += done.tokens;
      waitMs += done.waitMs;
      told = done.told;
    }
    const [loss, ...norms] = told.map((scalar) => scalar.dataSync()[0]);
    disposeTensors(told);
    checkFinite([loss, ...norms], { name, step });
    const learningRate = learningRateAt(schedule, step);
    step++;
    return {
      step,
      steps: schedule.steps,
      loss,
      learningRate,
      gradientNorms: Object.fromEntries(names.map((one, g) => [one, norms[g]])),
      tokens,
      seconds: (performance.now() - start) / 1000,
      waitMs,
    };
  };
  return {
    get step() {
      return step;
    },
    next,
    progress: () => {
      const { trained, ...rest } = run.read();
      disposeTensors(rest as Tensors);
      return { state: trained, step };
    },
    dispose: () => run.dispose(),
  };
}

/** With micro-batches a step has two forms: the second trace is no news. */
function newsOf(
  nMicroBatches: number,
  report: (line: string) => void = console.log,
): (line: string) => void {
  let isExpected = nMicroBatches > 1;
  return (line) => {
    if (!isExpected) report(line);
    isExpected = false;
  };
}

function checkMicroBatches(n: number, name: string): void {
  if (Number.isInteger(n) && n > 0) return;
  throw new RangeError(
    `openStepper: expected a whole number of micro-batches from 1, got ${n} ` +
      `(${name})`,
  );
}

function checkFinite(
  [loss, ...norms]: readonly number[],
  { name, step }: { readonly name: string; readonly step: number },
): void {
  if (Number.isFinite(loss) && norms.every(Number.isFinite)) return;
  const [what, got] = Number.isFinite(loss)
    ? ["gradient", norms.join(", ")]
    : ["loss", loss];
  throw new NotFinite(
    `fit: expected a finite ${what}, got ${got} (${name}, step ${step}); ` +
      "lower peakLearningRate or lengthen the warm-up",
    step,
  );
}
