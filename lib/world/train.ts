import { join } from "node:path";
import { orderedSource } from "../data/ordered.ts";
import { toyEncoder } from "../encoder/toy.ts";
import { atDepth } from "../pal/design/layer-plan.ts";
import type { Variant } from "../pal/design/variant.ts";
import { initAudioConnector } from "../pal/run/audio-llm.ts";
import { versions } from "../runlog/surroundings.ts";
import { random } from "../tensor/random.ts";
import { trainCurriculum } from "../train/run/curriculum.ts";
import { checkArrival } from "../train/run/door.ts";
import { checkSignal } from "../train/run/faults.ts";
import { hashOf } from "../train/run/identity.ts";
import type { CurriculumOptions } from "../train/run/plan.ts";
import type { Stage } from "../train/stage.ts";
import type { StepReport } from "../train/training.ts";
import type { Soundfont } from "./soundfonts.ts";
import { type ClipPlan, planClips } from "./toy/clips.ts";
import {
  languageModelPlan,
  soundfontSplit,
  worldSeed,
} from "./toy/comparison.ts";
import { encodeClips, featuresOfClips } from "./toy/encode-clips.ts";
import { scales } from "./toy/scales.ts";
import { comparisonSetting, toyConfig, toyWriter } from "./toy/setting.ts";
import { toyRows } from "./toy/source.ts";
import { questionsPerClip, stagesOfScale } from "./toy/stages.ts";
import { trainLanguage } from "./train-language.ts";

/** A step of one of the parts that follow each other. */
export interface PartReport extends StepReport {
  /** "sounds", "language model", "stage 1" and so on. */
  readonly part: string;
}

export interface TrainScaleOptions
  extends Pick<CurriculumOptions, "folder" | "report" | "signal"> {
  readonly scale: keyof typeof stagesOfScale;
  readonly seed: number;
  readonly soundfonts: readonly Soundfont[];
  readonly onStep?: (report: PartReport) => void;
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
  const { folder, onStep, report, scale, seed, signal } = options;
  const setting = comparisonSetting();
  const stages = stagesOfScale[scale];
  const variant = atDepth(design, setting.llama.nLayers);
  const library = versions().palLab;
  // Before the sounds are rendered: another run's folder is refused at once.
  await checkArrival({
    ...{ folder, stages, asked: numbers },
    known: { design: variant.name, library, scale, seed },
  });
  const { features, manifest, plans } = await hear(options);
  const config = toyConfig(variant, setting, features.encoders);
  const plan = languageModelPlan(scaleOf(scale), setting);
  const saveEvery = scale === "lab" ? 50 : 2;
  const told = { report, saveEvery, signal };
  return trainCurriculum(
    {
      ...{ config, features, manifest, scale, seed, stages },
      writer: toyWriter(setting),
      lengths: { text: setting.textLength, answer: setting.answerLength },
      sourceOf: (stage) => orderedSource(rowsOf(stage, plans), { seed }),
      start: async () => {
        const llama = await trainLanguage(plan, {
          ...{ ...told, library, scale },
          folder: join(folder, "start"),
          onStep: (step) => onStep?.({ ...step, part: "language model" }),
        });
        const chance = random("connector", seed);
        return { connector: initAudioConnector(config, chance), llama };
      },
    },
    {
      ...{ ...told, folder, asked: numbers },
      onStep: (step) => onStep?.({ ...step, part: `stage ${step.stage}` }),
    },
  );
}

const scaleOf = (scale: TrainScaleOptions["scale"]) =>
  scales[scale === "lab" ? "full" : scale];

/** Clips as the encoder hears them, and what names them. */
async function hear({ onStep, scale, signal, soundfonts }: TrainScaleOptions) {
  const plans = soundfontSplit.trained.flatMap((name) =>
    planClips("train", name, {
      count: scaleOf(scale).clips.train,
      seed: worldSeed,
    }),
  );
  const tell = (report: StepReport) => onStep?.({ ...report, part: "sounds" });
  const tools = { encoder: toyEncoder(), soundfonts };
  const work = encodeClips(plans, tools, { signal, onStep: tell });
  const clips = await work.catch((error) => {
    if (error === signal?.reason) checkSignal(signal, "among the sounds");
    throw error;
  });
  const bytes = new Uint8Array(clips.features.buffer);
  return {
    plans,
    features: featuresOfClips(clips),
    manifest: hashOf([hashOf(plans), hashOf(bytes)]),
  };
}

/** The questions of a stage. */
function rowsOf({ data }: Stage, plans: readonly ClipPlan[]) {
  const perClip = questionsPerClip[data];
  return toyRows(plans, { data, perClip, seed: worldSeed });
}
