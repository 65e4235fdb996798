import type { AudioLlm } from "../../pal/run/audio-llm.ts";
import { disposeTensors, mapTensors } from "../../tensor/params.ts";
import { openTraining } from "../design.ts";
import { type Stage, scheduleOf } from "../stage.ts";
import { type Arrival, stageBefore, stageFolder } from "./door.ts";
import { hashOf, type Identity, plainOf } from "./identity.ts";
import type { Curriculum, CurriculumOptions } from "./plan.ts";
import { runTraining } from "./run-training.ts";
import { planOf } from "./stage-plan.ts";
import {
  openWeights,
  type StageWeights,
  saveWeights,
  weightsBy,
  weightsIn,
} from "./weights.ts";

/** A run whose folder is this process's. */
export interface OpenRun {
  readonly curriculum: Curriculum;
  readonly options: CurriculumOptions;
  /** What is the same in all stages. */
  readonly known: Required<Arrival["known"]>;
  /** Before stage 1. */
  readonly start: AudioLlm;
  readonly startHash: string;
}

/** A stage's weights: those that it left, or trained, from where it stood. */
export async function trainStage(
  stage: Stage,
  run: OpenRun,
): Promise<StageWeights> {
  const { curriculum, options } = run;
  const { onStep, report, ...rest } = options;
  const folder = stageFolder(options.folder, stage.number);
  const identity = identityAt(stage, run);
  const settings = settingsOf(stage, curriculum);
  const place = { folder, settings };
  const done = await weightsBy({ ...place, identity }, scheduleOf(stage));
  if (done) {
    report(`train: stage ${stage.number} is done: ${done.path}`);
    return done;
  }
  const whole = { ...identity, start: startOf(stage, run)! };
  const from = await weightsBefore(stage, run);
  const plan = planOf(stage, curriculum);
  const { batchSize, source } = plan;
  const opened = openTraining(plan, from);
  report(`train: stage ${stage.number}: ${opened.making}`);
  try {
    return await runTraining(
      opened.training,
      {
        ...{ ...rest, ...place, identity: whole, batchSize, report },
        lighter: lighterBatch(stage),
        batchOf: (step) => source.take(step * batchSize, batchSize),
        onStep: (told) => onStep?.({ ...told, stage: stage.number }),
      },
      (moved) => saveWeights(folder, { ...from, ...moved }, whole),
    );
  } finally {
    await opened.dispose();
    disposeTensors(from);
  }
}

/** What a stage starts from, the caller's. */
async function weightsBefore(stage: Stage, run: OpenRun): Promise<AudioLlm> {
  const { curriculum, options, start } = run;
  const before = stageBefore(stage, curriculum.stages);
  if (!before) return mapTensors(start, (leaf) => leaf.clone());
  const weights = weightsIn(stageFolder(options.folder, before.number));
  return openWeights(weights!, start, identityAt(before, run));
}

/** Hash of what a stage starts from; undefined where that is not there. */
function startOf(
  stage: Stage,
  { curriculum, options, startHash }: OpenRun,
): string | undefined {
  const before = stageBefore(stage, curriculum.stages);
  if (!before) return startHash;
  return weightsIn(stageFolder(options.folder, before.number))?.sha256;
}

/** What a stage is, as far as it is known: see `startOf`. */
export function identityAt(
  stage: Stage,
  run: OpenRun,
): Omit<Identity, "start"> & Pick<Partial<Identity>, "start"> {
  return {
    ...run.known,
    stage: stage.name,
    config: hashOf(settingsOf(stage, run.curriculum)),
    start: startOf(stage, run),
  };
}

const settingsOf = (stage: Stage, { config, lengths }: Curriculum) =>
  plainOf({ config, lengths, stage });

/** Which of a stage's settings to lower where memory is short. */
export function lighterBatch({ batch, name }: Stage): string {
  const { accumulation, perDevice } = batch;
  if (perDevice === 1) {
    return (
      `batch.perDevice of stage "${name}" is 1 already: shorten lengths.text, ` +
      "or end what else holds memory and run the same again"
    );
  }
  const parts = smallestFactor(perDevice);
  return (
    `lower batch.perDevice of stage "${name}" from ${perDevice} to ` +
    `${perDevice / parts} and raise batch.accumulation from ${accumulation} ` +
    `to ${accumulation * parts}, which leaves the batch as it is, in another ` +
    "folder; or end what else holds memory and run the same again"
  );
}

/** Above 1. */
function smallestFactor(n: number): number {
  for (let factor = 2; ; factor++) if (n % factor === 0) return factor;
}
