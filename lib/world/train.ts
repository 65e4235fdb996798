import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { openCheckpoint } from "../checkpoint/checkpoint.ts";
import { writeSafetensors } from "../checkpoint/write-safetensors.ts";
import { toyEncoder } from "../encoder/toy.ts";
import { initLlama, type Llama } from "../llm/llama.ts";
import { atDepth } from "../pal/design/layer-plan.ts";
import type { Variant } from "../pal/design/variant.ts";
import { initAudioConnector } from "../pal/run/audio-llm.ts";
import {
  disposeTensors,
  fromPlain,
  namedLeaves,
  withLeaves,
} from "../tensor/params.ts";
import { random } from "../tensor/random.ts";
import { inSharedMemory } from "../threads/shared.ts";
import {
  type CurriculumOptions,
  trainCurriculum,
} from "../train/run/curriculum.ts";
import { hashOf } from "../train/run/identity.ts";
import { orderOf, type Stage } from "../train/stage.ts";
import type { Soundfont } from "./soundfonts.ts";
import { planClips } from "./toy/clips.ts";
import { learnLanguage, soundfontSplit } from "./toy/comparison.ts";
import { encodeClips, featuresOfClips } from "./toy/encode-clips.ts";
import {
  openToyStage,
  type ToyStage,
  toyStageWorkplace,
} from "./toy/ingredients.ts";
import { scales } from "./toy/scales.ts";
import {
  comparisonSetting,
  type Setting,
  toyConfig,
  toyWriter,
} from "./toy/setting.ts";
import { questionsPerClip, stagesOfScale } from "./toy/stages.ts";

export interface TrainScaleOptions
  extends Omit<CurriculumOptions, "asked" | "saveEvery"> {
  readonly scale: keyof typeof stagesOfScale;
  readonly seed: number;
  readonly soundfonts: readonly Soundfont[];
  /** Threads that make batches ahead; 0 for none, default 1. */
  readonly nWorkers?: number;
}

/** Seed of the clips and the language model, as in the comparison. */
const worldSeed = 1;

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
  { nWorkers = 1, scale, seed, soundfonts, ...options }: TrainScaleOptions,
): Promise<string> {
  const setting = comparisonSetting();
  const toyScale = scales[scale === "lab" ? "full" : scale];
  const plans = soundfontSplit.trained.flatMap((name) =>
    planClips("train", name, { count: toyScale.clips.train, seed: worldSeed }),
  );
  const encoded = await encodeClips(
    plans,
    { encoder: toyEncoder(), soundfonts },
    { signal: options.signal },
  );
  const clips = { ...encoded, features: inSharedMemory(encoded.features) };
  const features = featuresOfClips(clips);
  const variant = atDepth(design, setting.llama.nLayers);
  const config = toyConfig(variant, setting, features.encoders);
  const llama = await languageModel(setting, { ...options, scale: toyScale });
  const connector = initAudioConnector(config, random("connector", seed));
  const manifest = hashOf([
    hashOf(plans),
    hashOf(new Uint8Array(clips.features.buffer)),
  ]);
  const [encoder] = features.encoders;
  const dataOf = (stage: Stage): ToyStage => ({
    ...{ plans, encoder, features: clips.features },
    order: orderOf(stage, seed),
    rows: {
      perClip: questionsPerClip[stage.data],
      data: stage.data,
      seed: worldSeed,
    },
  });
  const workersOf = (stage: Stage) => ({
    workers: { n: nWorkers, ingredients: toyStageWorkplace(dataOf(stage)) },
  });
  try {
    return await trainCurriculum(
      {
        ...{ config, features, manifest, scale, seed },
        sourceOf: (stage) => openToyStage(dataOf(stage)).source,
        aheadOf: nWorkers > 0 ? workersOf : undefined,
        stages: stagesOfScale[scale],
        writer: toyWriter(setting),
        lengths: { text: setting.textLength, answer: setting.answerLength },
        library: libraryVersion(),
      },
      { connector, llama },
      { ...options, asked: stages, saveEvery: scale === "lab" ? 50 : 2 },
    );
  } finally {
    disposeTensors([connector, llama]);
  }
}

/** The language model of a run: learned once, then read. */
async function languageModel(
  setting: Setting,
  {
    folder,
    report,
    scale,
    signal,
  }: Pick<TrainScaleOptions, "folder" | "report" | "signal"> & {
    readonly scale: (typeof scales)[keyof typeof scales];
  },
): Promise<Llama> {
  const path = join(folder, "start", "language-model.safetensors");
  if (!existsSync(path)) {
    report("train: learns the language model that stands in for Llama");
    const { llama } = await learnLanguage(scale, setting, { signal });
    const tensors = fromPlain<Llama>(llama);
    mkdirSync(dirname(path), { recursive: true });
    writeSafetensors(path, tensors);
    return tensors;
  }
  const like = initLlama(setting.llama, random("language model", worldSeed));
  const checkpoint = await openCheckpoint(path);
  try {
    const read: tf.Tensor[] = [];
    for (const [name, { shape }] of namedLeaves(like)) {
      const { values } = await checkpoint.read(name);
      read.push(tf.tensor(values, shape));
    }
    return withLeaves(like, read);
  } finally {
    disposeTensors(like);
    await checkpoint.close();
  }
}

/** From the nearest package.json: the sources' or the package's own. */
function libraryVersion(): string {
  for (let here = import.meta.dirname; ; here = dirname(here)) {
    const path = join(here, "package.json");
    if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")).version;
  }
}
