import { orderedSource } from "../../data/ordered.ts";
import { toyEncoder } from "../../encoder/toy.ts";
import type { Llama } from "../../llm/llama.ts";
import { atDepth } from "../../pal/design/layer-plan.ts";
import type { Variant } from "../../pal/design/variant.ts";
import { initAudioConnector } from "../../pal/run/audio-llm.ts";
import { fromPlain, type PlainTensors } from "../../tensor/params.ts";
import { random } from "../../tensor/random.ts";
import { hashOf } from "../../train/run/identity.ts";
import type { Curriculum } from "../../train/run/plan.ts";
import type { WorkOptions } from "../../train/training.ts";
import type { Soundfont } from "../soundfonts.ts";
import { planClips } from "./clips.ts";
import { soundfontSplit, worldSeed } from "./comparison.ts";
import {
  type EncodedClips,
  encodeClips,
  featuresOfClips,
} from "./encode-clips.ts";
import { scales } from "./scales.ts";
import { type Setting, toyConfig, toyWriter } from "./setting.ts";
import { toyRows } from "./source.ts";
import { questionsPerClip, stagesOfScale } from "./stages.ts";

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
  /** The language model that has learned its texts. */
  readonly llama: PlainTensors;
  readonly setting: Setting;
  readonly scale: TrainScale;
  /** Of first weights and order. */
  readonly seed: number;
}

/** A design's way through the stages of a scale, in the toy world. */
export function toyCurriculum(
  design: Variant,
  { clips, llama, scale, seed, setting }: ToyCurriculumOptions,
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
    start: async () => ({
      connector: initAudioConnector(config, random("connector", seed)),
      llama: fromPlain<Llama>(llama),
    }),
  };
}
