import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { orderedSource } from "../data/ordered.ts";
import { atDepth } from "../pal/design/layer-plan.ts";
import type { Variant } from "../pal/design/variant.ts";
import { initAudioConnector } from "../pal/run/audio-llm.ts";
import { disposeTensors } from "../tensor/params.ts";
import { random } from "../tensor/random.ts";
import {
  type CurriculumOptions,
  trainCurriculum,
} from "../train/run/curriculum.ts";
import type { Stage } from "../train/stage.ts";
import type { Soundfont } from "./soundfonts.ts";
import { toyConfig, toyWriter } from "./toy/setting.ts";
import { toyRows } from "./toy/source.ts";
import { questionsPerClip, stagesOfScale } from "./toy/stages.ts";
import {
  openTrainingWorld,
  type TrainingWorld,
  type TrainScale,
  worldSeed,
} from "./training-world.ts";

export interface TrainScaleOptions
  extends Omit<CurriculumOptions, "asked" | "saveEvery"> {
  readonly scale: TrainScale;
  readonly seed: number;
  readonly soundfonts: readonly Soundfont[];
}

/**
 * Trains a design through stages in the toy world; goes on where it stopped.
 *
 * The language model that stands in for Llama is learned first, once, and kept
 * in the folder.
 *
 * @param stages - numbers of Table 3's stages
 * @returns the path of the weights
 */
export async function train(
  design: Variant,
  stages: readonly number[],
  { scale, seed, soundfonts, ...options }: TrainScaleOptions,
): Promise<string> {
  const { report, signal } = options;
  const folder = join(options.folder, "start");
  const world = await openTrainingWorld(scale, {
    ...{ folder, report, signal, soundfonts },
  });
  try {
    return await trainIn(world, { design, seed }, { ...options, stages });
  } finally {
    world.dispose();
  }
}

export interface TrainInOptions
  extends Omit<CurriculumOptions, "asked" | "saveEvery"> {
  readonly stages: readonly number[];
}

/**
 * Trains a design through stages in a world, from its language model and on
 * batches that follow from the seed alone: every design gets the same.
 *
 * @returns the path of the weights
 */
export async function trainIn(
  world: TrainingWorld,
  { design, seed }: { readonly design: Variant; readonly seed: number },
  { stages, ...options }: TrainInOptions,
): Promise<string> {
  const { features, llama, manifest, plans, scale, setting } = world;
  const variant = atDepth(design, setting.llama.nLayers);
  const config = toyConfig(variant, setting, features.encoders);
  const connector = initAudioConnector(config, random("connector", seed));
  const sourceOf = (stage: Stage) =>
    orderedSource(
      toyRows(plans, {
        perClip: questionsPerClip[stage.data],
        data: stage.data,
        seed: worldSeed,
      }),
      { seed },
    );
  try {
    return await trainCurriculum(
      {
        ...{ config, features, manifest, scale, seed, sourceOf },
        stages: stagesOfScale[scale],
        writer: toyWriter(setting),
        lengths: { text: setting.textLength, answer: setting.answerLength },
        library: libraryVersion(),
      },
      { connector, llama },
      { ...options, asked: stages, saveEvery: scale === "lab" ? 50 : 2 },
    );
  } finally {
    disposeTensors(connector);
  }
}

/** From the nearest package.json: the sources' or the package's own. */
export function libraryVersion(): string {
  for (let here = import.meta.dirname; ; here = dirname(here)) {
    const path = join(here, "package.json");
    if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")).version;
  }
}
