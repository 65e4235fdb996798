import { warmupSteps } from "../schedule.ts";
import { batchingOf, type Stage, scheduleOf } from "../stage.ts";

/** A stage as a row of Table 3, with what follows from its numbers. */
export interface StageRow {
  readonly stage: number;
  readonly data: string;
  /** Questions of an epoch. */
  readonly rows: number;
  readonly epochs: number;
  /** Devices x examples of each x accumulation. */
  readonly batch: string;
  readonly steps: number;
  /** Steps before the peak. */
  readonly warmup: number;
  /** Rows at the end that fill no batch, and are left out. */
  readonly left: number;
  readonly peak: number;
  readonly trains: string;
}

/** Stages as Table 3 has them: what is given, and what is computed from it. */
export function stageRows(stages: readonly Stage[]): StageRow[] {
  return stages.map((stage) => {
    const { accumulation, devices, perDevice } = stage.batch;
    const { batchSize } = batchingOf(stage);
    const schedule = scheduleOf(stage);
    return {
      stage: stage.number,
      data: stage.data,
      rows: stage.rows,
      epochs: stage.epochs,
      batch: `${devices} x ${perDevice} x ${accumulation}`,
      steps: schedule.steps,
      warmup: warmupSteps(schedule),
      left: Math.floor(stage.rows * stage.epochs) - schedule.steps * batchSize,
      peak: stage.peakLearningRate,
      trains: stage.trains,
    };
  });
}

/** Something that a training needs and Table 3 leaves open. */
export interface ChoiceRow {
  readonly choice: string;
  readonly here: string;
  /** All that the paper says of it. */
  readonly paper: string;
}

const says = { nothing: "nothing", adamw: "AdamW", loss: "on text part" };

/** What a stage takes that is not in the paper, as it stands in its fields. */
export function choiceRows({ adamw, loss }: Stage): ChoiceRow[] {
  const { beta1, beta2, decays, epsilon, maxGradientNorm, weightDecay } = adamw;
  const counted =
    loss.tokens === "answer" ? "the answer's alone" : "prompt and answer";
  const mean =
    loss.mean === "batch" ? "all tokens of a step" : "each micro-batch";
  const decayed = decays === "all" ? "of all weights" : "of matrices alone";
  return [
    { choice: "tokens that count", here: counted, paper: says.loss },
    { choice: "mean over", here: mean, paper: says.nothing },
    { choice: "betas", here: `${beta1} and ${beta2}`, paper: says.adamw },
    { choice: "epsilon", here: String(epsilon), paper: says.adamw },
    {
      choice: "weight decay",
      here: `${weightDecay}, ${decayed}`,
      paper: says.adamw,
    },
    {
      choice: "longest gradient",
      here: `${maxGradientNorm}, of all parameters together`,
      paper: says.nothing,
    },
    { choice: "rate of the first step", here: "0", paper: "cosine, warm-up" },
    {
      choice: "order of the rows",
      here: "by chance, each once an epoch",
      paper: says.nothing,
    },
    {
      choice: "rows that fill no batch",
      here: "left out",
      paper: says.nothing,
    },
    { choice: "numbers", here: "float32", paper: says.nothing },
  ];
}
