import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { toyEncoder } from "../encoder/toy.ts";
import type { Features } from "../features/features.ts";
import { withLock } from "../files/lock.ts";
import type { Llama } from "../llm/llama.ts";
import { versions } from "../runlog/surroundings.ts";
import { inSharedMemory } from "../threads/shared.ts";
import { checkSignal } from "../train/run/faults.ts";
import { hashOf } from "../train/run/identity.ts";
import type { StepReport } from "../train/training.ts";
import type { Soundfont } from "./soundfonts.ts";
import { planClips } from "./toy/clips.ts";
import {
  languageModelPlan,
  soundfontSplit,
  worldSeed,
} from "./toy/comparison.ts";
import {
  type EncodedClips,
  encodeClips,
  featuresOfClips,
} from "./toy/encode-clips.ts";
import { scales } from "./toy/scales.ts";
import { comparisonSetting, type Setting } from "./toy/setting.ts";
import type { stagesOfScale } from "./toy/stages.ts";
import { trainLanguage } from "./train-language.ts";

/** How large a training in the toy world is. */
export type TrainScale = keyof typeof stagesOfScale;

/** A step of one of the parts that follow each other. */
export interface PartReport extends StepReport {
  /** "sounds", "language model", "stage 1" and so on. */
  readonly part: string;
}

/** What all runs of the toy world at a scale learn from. */
export interface TrainingWorld {
  readonly scale: TrainScale;
  readonly setting: Setting;
  /** In memory that threads share. */
  readonly clips: EncodedClips;
  readonly features: Features;
  /** Hash of the clips and their features. */
  readonly manifest: string;
  /** Steps between checkpoints. */
  readonly saveEvery: number;
  /** Stands in for Llama: where every run starts. The caller's. */
  languageModel(): Promise<Llama>;
}

export interface WorldOptions {
  /** Keeps the language model; made when that is asked for. */
  readonly folder: string;
  readonly soundfonts: readonly Soundfont[];
  readonly signal?: AbortSignal;
  readonly report: (line: string) => void;
  readonly onPart?: (report: PartReport) => void;
}

/**
 * Renders and encodes the clips. The language model that stands in for Llama is
 * learned when it is first asked for, by one process alone, and kept.
 */
export async function openTrainingWorld(
  scale: TrainScale,
  options: WorldOptions,
): Promise<TrainingWorld> {
  const { folder, onPart, report, signal } = options;
  const setting = comparisonSetting();
  const saveEvery = scale === "lab" ? 50 : 2;
  const learn = () =>
    trainLanguage(languageModelPlan(scaleOf(scale), setting), {
      ...{ folder, report, saveEvery, scale, signal },
      library: versions().palLab,
      onStep: (step) => onPart?.({ ...step, part: "language model" }),
    });
  const onWait = () =>
    report("train: waits for the language model, which another process learns");
  return {
    ...(await hear(scale, options)),
    ...{ saveEvery, scale, setting },
    languageModel: async () => {
      mkdirSync(folder, { recursive: true });
      return withLock(join(folder, "run.lock"), learn, { onWait, signal });
    },
  };
}

const scaleOf = (scale: TrainScale) => scales[scale === "lab" ? "full" : scale];

/** Clips as the encoder hears them, and what names them. */
async function hear(
  scale: TrainScale,
  { onPart, signal, soundfonts }: WorldOptions,
): Promise<Pick<TrainingWorld, "clips" | "features" | "manifest">> {
  const plans = soundfontSplit.trained.flatMap((name) =>
    planClips("train", name, {
      count: scaleOf(scale).clips.train,
      seed: worldSeed,
    }),
  );
  const tell = (step: StepReport) => onPart?.({ ...step, part: "sounds" });
  const tools = { encoder: toyEncoder(), soundfonts };
  const work = encodeClips(plans, tools, { signal, onStep: tell });
  const encoded = await work.catch((error) => {
    if (error === signal?.reason) checkSignal(signal, "among the sounds");
    throw error;
  });
  const bytes = new Uint8Array(encoded.features.buffer);
  const manifest = hashOf([hashOf(plans), hashOf(bytes)]);
  // Shared with the threads that make batches.
  const clips = { ...encoded, features: inSharedMemory(encoded.features) };
  return { clips, features: featuresOfClips(clips), manifest };
}
