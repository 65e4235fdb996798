import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { orderedSource } from "../../data/ordered.ts";
import { toyEncoder } from "../../encoder/toy.ts";
import type { Llama } from "../../llm/llama.ts";
import { atDepth } from "../../pal/design/layer-plan.ts";
import type { Variant } from "../../pal/design/variant.ts";
import { type AudioLlm, initAudioConnector } from "../../pal/run/audio-llm.ts";
import { fromPlain, type PlainTensors } from "../../tensor/params.ts";
import { random } from "../../tensor/random.ts";
import type { Curriculum } from "../../train/run/curriculum.ts";
import { hashOf } from "../../train/run/identity.ts";
import type { WorkOptions } from "../../train/training.ts";
import type { Soundfont } from "../soundfonts.ts";
import { planClips } from "./clips.ts";
import { soundfontSplit } from "./comparison.ts";
import {
  type EncodedClips,
  encodeClips,
  featuresOfClips,
} from "./encode-clips.ts";
import { scales } from "./scales.ts";
import { type Setting, toyConfig, toyWriter } from "./setting.ts";
import { toyRows } from "./source.ts";
import { questionsPerClip, stagesOfScale } from "./stages.ts";

/** Seed of the clips and their questions, as in the comparison. */
const worldSeed = 1;

export type TrainScale = keyof typeof stagesOfScale;

/** The scale of the comparison whose clips and language model are trained on. */
export function comparisonScaleOf(scale: TrainScale) {
  return scales[scale === "lab" ? "full" : scale];
}

/** Renders and encodes the clips that designs are trained on. */
export function trainingClips(
  scale: TrainScale,
  soundfonts: readonly Soundfont[],
  options: WorkOptions = {},
): Promise<EncodedClips> {
  const { clips } = comparisonScaleOf(scale);
  const plans = soundfontSplit.trained.flatMap((name) =>
    planClips("train", name, { count: clips.train, seed: worldSeed }),
  );
  return encodeClips(plans, { encoder: toyEncoder(), soundfonts }, options);
}

export interface ToyCurriculumOptions {
  readonly clips: EncodedClips;
  readonly setting: Setting;
  readonly scale: TrainScale;
  /** Of first weights and order. */
  readonly seed: number;
}

/** A design's way through the stages of a scale, in the toy world. */
export function toyCurriculum(
  design: Variant,
  { clips, scale, seed, setting }: ToyCurriculumOptions,
): Curriculum {
  const features = featuresOfClips(clips);
  const variant = atDepth(design, setting.llama.nLayers);
  const config = toyConfig(variant, setting, features.encoders);
  const manifest = hashOf([
    hashOf(clips.plans),
    hashOf(new Uint8Array(clips.features.buffer)),
  ]);
  return {
    ...{ config, features, manifest, scale, seed },
    stages: stagesOfScale[scale],
    sourceOf: ({ data }) =>
      orderedSource(
        toyRows(clips.plans, {
          perClip: questionsPerClip[data],
          data,
          seed: worldSeed,
        }),
        { seed },
      ),
    writer: toyWriter(setting),
    lengths: { text: setting.textLength, answer: setting.answerLength },
    library: libraryVersion(),
  };
}

/** What a curriculum starts from: a new connector, and the language model. */
export function toyStart(
  { config, seed }: Curriculum,
  llama: PlainTensors,
): AudioLlm {
  return {
    connector: initAudioConnector(config, random("connector", seed)),
    llama: fromPlain<Llama>(llama),
  };
}

/** From the nearest package.json: the sources' or the package's own. */
function libraryVersion(): string {
  for (let here = import.meta.dirname; ; here = dirname(here)) {
    const path = join(here, "package.json");
    if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")).version;
  }
}
