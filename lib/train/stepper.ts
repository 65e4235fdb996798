import * as tf from "@tensorflow/tfjs";
import { compile } from "../engine/compile.ts";
import {
  disposeTensors,
  leaves,
  type Tensors,
  withLeaves,
} from "../tensor/params.ts";
import { type AdamwState, adamwDefaults, measuredStep } from "./adamw.ts";
import { oneGroup } from "./groups.ts";
import { learningRateAt } from "./schedule.ts";
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

/** A step after which there is nothing to go on from. */
export class NotFinite extends RangeError {
  readonly step: number;
  constructor(message: string, step: number) {
    super(message);
    this.step = step;
  }
}

/** Gradients of a step's micro-batches so far; nothing where there is one. */
type Gathered =
  | []
  | {
      /** Weighted sums, in the order of the parameters' leaves. */
      readonly gradients: readonly tf.Tensor[];
      readonly loss: tf.Scalar;
      readonly weight: tf.Scalar;
    };

type State<P extends Tensors, F extends Tensors> = {
  readonly trained: AdamwState<P>;
  readonly frozen: F;
  readonly gathered: Gathered;
};

/** What a step's last micro-batch brings along. */
type Numbers = {
  readonly learningRate: tf.Scalar;
  readonly stepNumber: tf.Scalar;
};

type Input<P extends Tensors, F extends Tensors, B> = {
  readonly state: State<P, F>;
  readonly batch: B;
  /** Without any the micro-batch is only gathered. */
  readonly numbers: Numbers | Record<string, never>;
};

/**
 * Opens a training at a place.
 *
 * The step is compiled once for each shape of batch: rate and step number are
 * tensors, and what it trains stays inside, with what is frozen beside it. With
 * micro-batches it has two forms in that graph: one adds a gradient to those
 * of its step, the other adds the last one, moves the parameters and begins
 * anew. The progress stays the caller's.
 */
export function openStepper<
  P extends Tensors,
  F extends Tensors,
  B extends Tensors,
>(training: Training<P, F, B>, progress: Progress<P>): Stepper<P> {
  const { adamw = adamwDefaults, frozen, name, schedule } = training;
  const { nMicroBatches = 1 } = training;
  checkMicroBatches(nMicroBatches, name);
  const run = compile(stepOf(training), {
    name,
    carry: "state",
    xla: training.xla,
    report: training.onTrace,
  });
  const gathered: Gathered =
    nMicroBatches === 1 ? [] : nothing(progress.state.params);
  try {
    run.write({ trained: progress.state, frozen, gathered });
  } finally {
    disposeTensors(gathered);
  }
  const names = (adamw.groups ?? oneGroup).map((group) => group.names || "all");
  let step = progress.step;

  /** Runs a micro-batch; only the last of a step returns numbers. */
  const runMicro = async (micro: number) => {
    const batch = await training.batchAt(step, micro);
    const tokens = training.tokensOf?.(batch) ?? 0;
    const numbers =
      micro === nMicroBatches - 1
        ? {
            learningRate: tf.scalar(learningRateAt(schedule, step)),
            stepNumber: tf.scalar(step + 1),
          }
        : ({} as Record<string, never>);
    const { told } = run({ batch, numbers });
    disposeTensors([batch, numbers]);
    return { told, tokens };
  };
  const next = async (): Promise<TrainReport> => {
    const start = performance.now();
    let tokens = 0;
    let told: readonly tf.Scalar[] = [];
    for (let micro = 0; micro < nMicroBatches; micro++) {
      const done = await runMicro(micro);
      tokens += done.tokens;
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
    };
  };
  return {
    get step() {
      return step;
    },
    next,
    progress: () => {
      const { trained, ...rest } = run.read();
      disposeTensors([rest.frozen, rest.gathered]);
      return { state: trained, step };
    },
    dispose: () => run.dispose(),
  };
}

function stepOf<P extends Tensors, F extends Tensors, B extends Tensors>(
  training: Training<P, F, B>,
) {
  const config = training.adamw ?? adamwDefaults;
  return ({ batch, numbers, state }: Input<P, F, B>) => {
    const { frozen, gathered, trained } = state;
    const lossOf = (...values: tf.Tensor[]) =>
      training.loss(withLeaves(trained.params, values), frozen, batch);
    const { grads, value } = tf.valueAndGrads(lossOf)(leaves(trained.params));
    const own = { gradients: grads, loss: value as tf.Scalar };
    const weight = () => training.weightOf?.(batch) ?? tf.scalar(1);
    const sum = isEmpty(gathered) ? own : gather(gathered, own, weight());
    if (!isLast(numbers)) {
      return { state: { ...state, gathered: sum as Gathered }, told: [] };
    }
    const { gradients, loss } = "weight" in sum ? meanOf(sum) : sum;
    const { after, norms } = measuredStep(trained, gradients, {
      config,
      ...numbers,
    });
    const empty = isEmpty(gathered) ? gathered : nothing(trained.params);
    return {
      state: { trained: after, frozen, gathered: empty },
      told: [loss, ...norms],
    };
  };
}

const isEmpty = (gathered: Gathered): gathered is [] => Array.isArray(gathered);

const isLast = (numbers: Numbers | Record<string, never>): numbers is Numbers =>
  "learningRate" in numbers;

type Whole = Exclude<Gathered, []>;

function nothing(params: Tensors): Whole {
  return {
    gradients: leaves(params).map((leaf) => tf.zerosLike(leaf)),
    loss: tf.scalar(0),
    weight: tf.scalar(0),
  };
}

function gather(
  before: Whole,
  own: Pick<Whole, "gradients" | "loss">,
  weight: tf.Scalar,
): Whole {
  return {
    gradients: before.gradients.map((sum, i) =>
      sum.add(own.gradients[i].mul(weight)),
    ),
    loss: before.loss.add(own.loss.mul(weight)),
    weight: before.weight.add(weight),
  };
}

function meanOf({ gradients, loss, weight }: Whole) {
  return {
    gradients: gradients.map((sum) => sum.div(weight)),
    loss: loss.div<tf.Scalar>(weight),
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
