import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeSafetensors } from "../../checkpoint/write-safetensors.ts";
import type { ExampleSource } from "../../data/source.ts";
import { withLock } from "../../files/lock.ts";
import type { AudioLlm } from "../../pal/run/audio-llm.ts";
import { disposeTensors, mapTensors } from "../../tensor/params.ts";
import { type DesignPlan, openTraining } from "../design.ts";
import { batchingOf, type Stage, scheduleOf } from "../stage.ts";
import type { TrainOptions, TrainReport } from "../training.ts";
import { Busy } from "./busy.ts";
import { hashOf, type Identity } from "./identity.ts";
import { runTraining } from "./run-training.ts";
import { openWeights, saveWeights, stageFolder, weightsIn } from "./weights.ts";

/** A design on its way through stages, in one folder. */
export interface Curriculum
  extends Pick<DesignPlan, "config" | "features" | "writer" | "lengths"> {
  /** All stages, in order; which of them are run is asked apart. */
  readonly stages: readonly Stage[];
  /** A stage's examples: as many rows an epoch as the stage has. */
  readonly sourceOf: (stage: Stage) => ExampleSource;
  readonly scale: string;
  readonly seed: number;
  /** Hash of what is learned from. */
  readonly manifest: string;
  /** The library's version. */
  readonly library: string;
}

export interface CurriculumOptions extends Pick<TrainOptions, "signal"> {
  /** The run's own; made if it is not there. */
  readonly folder: string;
  /** Numbers of the stages to run. */
  readonly asked: readonly number[];
  /** Steps between checkpoints; not in the paper. */
  readonly saveEvery: number;
  readonly report: (line: string) => void;
  readonly onStep?: (report: TrainReport & { readonly stage: number }) => void;
  /** Takes the line of each further trace; default console.log. */
  readonly onTrace?: (line: string) => void;
}

/**
 * Trains a design through stages, each from the weights of the one before, and
 * goes on where an earlier call stopped.
 *
 * @param start - before stage 1; stays the caller's
 * @returns the path of the last asked stage's weights: `weights.safetensors`
 * @throws Busy where another process works in the folder; Error where a stage
 * lacks the one before it
 */
export async function trainCurriculum(
  curriculum: Curriculum,
  start: AudioLlm,
  options: CurriculumOptions,
): Promise<string> {
  const { folder } = options;
  mkdirSync(folder, { recursive: true });
  const refuse = () => {
    throw new Busy(
      `train: expected a folder of its own, got ${folder}, where another ` +
        "process trains; wait for it, or choose another folder",
    );
  };
  const work = () => trainStages(curriculum, start, options);
  return withLock(join(folder, "run.lock"), work, { onWait: refuse });
}

async function trainStages(
  curriculum: Curriculum,
  start: AudioLlm,
  options: CurriculumOptions,
): Promise<string> {
  const { folder, report } = options;
  const asked = stagesOf(curriculum, options.asked);
  let last = "";
  for (const stage of asked) {
    const known = weightsIn(folderOf(folder, stage));
    if (known) {
      report(`train: stage ${stage.number} is done: ${known}`);
      last = known;
      continue;
    }
    last = await trainStage(stage, { curriculum, options, start });
  }
  const [stage] = asked.slice(-1);
  const identity = identityOf(curriculum, stage);
  const weights = await openWeights(last, start, identity);
  const path = join(folder, "weights.safetensors");
  try {
    writeSafetensors(path, weights, { identity: JSON.stringify(identity) });
  } finally {
    disposeTensors(weights);
  }
  return path;
}

async function trainStage(
  stage: Stage,
  {
    curriculum,
    options,
    start,
  }: {
    readonly curriculum: Curriculum;
    readonly start: AudioLlm;
    readonly options: CurriculumOptions;
  },
): Promise<string> {
  const { onStep, ...rest } = options;
  const folder = folderOf(options.folder, stage);
  const from = await weightsBefore(stage, { curriculum, options, start });
  const { batchSize, microBatchSize } = batchingOf(stage);
  const source = curriculum.sourceOf(stage);
  const opened = openTraining(
    {
      ...curriculum,
      ...{ source, batchSize, microBatchSize },
      trains: stage.trains,
      loss: stage.loss,
      schedule: scheduleOf(stage),
      adamw: { ...stage.adamw, groups: groupsOf(stage) },
      keepsReads: false,
      onTrace: options.onTrace,
    },
    from,
  );
  const identity = identityOf(curriculum, stage);
  try {
    const moved = await runTraining(opened.training, {
      ...{ ...rest, folder, identity, batchSize },
      batchOf: (step) => source.take(step * batchSize, batchSize),
      onStep: (told) => onStep?.({ ...told, stage: stage.number }),
    });
    try {
      return saveWeights(folder, { ...from, ...moved }, identity);
    } finally {
      disposeTensors(moved);
    }
  } finally {
    opened.dispose();
    disposeTensors(from);
  }
}

/** One group a part, clipped together: only so that logs tell them apart. */
function groupsOf({ adamw, trains }: Stage) {
  if (adamw.groups) return adamw.groups;
  const parts = trains === "connector" ? ["connector"] : ["connector", "llama"];
  return parts.map((names) => ({ names }));
}

/** What a stage starts from, the caller's. */
async function weightsBefore(
  stage: Stage,
  {
    curriculum,
    options,
    start,
  }: {
    readonly curriculum: Curriculum;
    readonly start: AudioLlm;
    readonly options: CurriculumOptions;
  },
): Promise<AudioLlm> {
  const [before] = curriculum.stages.filter(
    ({ number }) => number === stage.number - 1,
  );
  if (!before) return mapTensors(start, (leaf) => leaf.clone());
  const folder = folderOf(options.folder, before);
  const path = weightsIn(folder);
  if (path) return openWeights(path, start, identityOf(curriculum, before));
  throw new Error(
    `train: expected the weights of stage ${before.number} for stage ` +
      `${stage.number}, got none in ${folder}` +
      `${existsSync(folder) ? ", whose stage is not finished" : ""}; ` +
      `train stage ${before.number} first`,
  );
}

function stagesOf(
  { stages }: Curriculum,
  asked: readonly number[],
): readonly Stage[] {
  const known = stages.map(({ number }) => number);
  const strange = asked.find((number) => !known.includes(number));
  if (asked.length === 0 || strange !== undefined) {
    throw new RangeError(
      `train: expected stages of ${known.join(", ")}, ` +
        `got ${strange ?? "none"}`,
    );
  }
  return stages.filter(({ number }) => asked.includes(number));
}

const folderOf = (folder: string, { number }: Stage) =>
  stageFolder(folder, number);

function identityOf(
  { config, library, manifest, scale, seed }: Curriculum,
  stage: Stage,
): Identity {
  return {
    design: config.variant.name,
    stage: stage.name,
    ...{ scale, seed, library, manifest },
    config: hashOf({ config, stage }),
  };
}
