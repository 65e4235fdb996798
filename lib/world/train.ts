import { join } from "node:path";
import type { Features } from "../features/features.ts";
import { atDepth } from "../pal/design/layer-plan.ts";
import type { Variant } from "../pal/design/variant.ts";
import { initAudioConnector } from "../pal/run/audio-llm.ts";
import { versions } from "../runlog/surroundings.ts";
import { random } from "../tensor/random.ts";
import { trainCurriculum } from "../train/run/curriculum.ts";
import { checkArrival } from "../train/run/door.ts";
import type { CurriculumOptions } from "../train/run/plan.ts";
import { orderOf, type Stage } from "../train/stage.ts";
import type { Soundfont } from "./soundfonts.ts";
import { worldSeed } from "./toy/comparison.ts";
import type { EncodedClips } from "./toy/encode-clips.ts";
import {
  openToyStage,
  type ToyStage,
  toyStageWorkplace,
} from "./toy/ingredients.ts";
import {
  comparisonSetting,
  lengthsOf,
  toyConfig,
  toyWriter,
} from "./toy/setting.ts";
import { questionsPerClip, stagesOfScale } from "./toy/stages.ts";
import {
  openTrainingWorld,
  type PartReport,
  type TrainingWorld,
  type TrainScale,
} from "./training-world.ts";

export type { PartReport } from "./training-world.ts";

export interface TrainScaleOptions
  extends Pick<CurriculumOptions, "folder" | "report" | "signal"> {
  readonly scale: TrainScale;
  readonly seed: number;
  readonly soundfonts: readonly Soundfont[];
  readonly onStep?: (report: PartReport) => void;
  /** Threads that make batches ahead; 0 for none, default 1. */
  readonly nWorkers?: number;
}

/**
 * Trains a design through stages in the toy world; goes on where it stopped.
 *
 * The language model that stands in for Llama is learned first, once, and kept
 * in the folder.
 *
 * @param numbers - of Table 3's stages
 * @returns the path of the weights
 * @throws as `trainCurriculum`
 */
export async function train(
  design: Variant,
  numbers: readonly number[],
  options: TrainScaleOptions,
): Promise<string> {
  const { folder, nWorkers, onStep, report, scale, seed, signal } = options;
  const stages = stagesOfScale[scale];
  const { nLayers } = comparisonSetting().llama;
  const library = versions().palLab;
  // Before the sounds are rendered: another run's folder is refused at once.
  await checkArrival({
    ...{ folder, stages, asked: numbers },
    known: { design: atDepth(design, nLayers).name, library, scale, seed },
  });
  const world = await openTrainingWorld(scale, {
    ...{ report, signal, soundfonts: options.soundfonts, onPart: onStep },
    folder: join(folder, "start"),
  });
  return trainIn(
    world,
    { design, seed },
    {
      ...{ folder, nWorkers, report, signal, stages: numbers },
      onStep: (step) => onStep?.({ ...step, part: `stage ${step.stage}` }),
    },
  );
}

export interface TrainInOptions
  extends Pick<CurriculumOptions, "folder" | "onStep" | "report" | "signal"> {
  /** Numbers of Table 3's stages. */
  readonly stages: readonly number[];
  /** Threads that make batches ahead; 0 for none, default 1. */
  readonly nWorkers?: number;
}

/**
 * Trains a design through stages in a world, from its language model and on
 * batches that follow from the seed alone: every design gets the same.
 *
 * @returns the path of the weights
 * @throws as `trainCurriculum`
 */
export async function trainIn(
  world: TrainingWorld,
  { design, seed }: { readonly design: Variant; readonly seed: number },
  { nWorkers = 1, stages: asked, ...options }: TrainInOptions,
): Promise<string> {
  const { features, manifest, saveEvery, scale, setting } = world;
  const variant = atDepth(design, setting.llama.nLayers);
  const config = toyConfig(variant, setting, features.encoders);
  const dataOf = (stage: Stage) => stageData(stage, { ...world, seed });
  const workersOf = (stage: Stage) => ({
    workers: { n: nWorkers, ingredients: toyStageWorkplace(dataOf(stage)) },
  });
  return trainCurriculum(
    {
      ...{ config, features, manifest, scale, seed },
      stages: stagesOfScale[scale],
      writer: toyWriter(setting),
      lengths: lengthsOf(setting),
      sourceOf: (stage) => openToyStage(dataOf(stage)).source,
      aheadOf: nWorkers > 0 ? workersOf : undefined,
      start: async () => {
        const llama = await world.languageModel();
        const chance = random("connector", seed);
        return { connector: initAudioConnector(config, chance), llama };
      },
    },
    { ...options, asked, saveEvery },
  );
}

/** What a stage's batches are made of. */
function stageData(
  stage: Stage,
  {
    clips: { features, plans },
    features: { encoders },
    seed,
  }: {
    readonly clips: EncodedClips;
    readonly features: Features;
    readonly seed: number;
  },
): ToyStage {
  const { data } = stage;
  const rows = { data, perClip: questionsPerClip[data], seed: worldSeed };
  const order = orderOf(stage, seed);
  return { plans, rows, order, encoder: encoders[0], features };
}
