import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { openCheckpoint } from "../checkpoint/checkpoint.ts";
import { writeSafetensors } from "../checkpoint/write-safetensors.ts";
import { toyEncoder } from "../encoder/toy.ts";
import type { Features } from "../features/features.ts";
import { withLock } from "../files/lock.ts";
import { initLlama, type Llama } from "../llm/llama.ts";
import {
  disposeTensors,
  fromPlain,
  namedLeaves,
  withLeaves,
} from "../tensor/params.ts";
import { random } from "../tensor/random.ts";
import { hashOf } from "../train/run/identity.ts";
import type { Soundfont } from "./soundfonts.ts";
import { type ClipPlan, planClips } from "./toy/clips.ts";
import { learnLanguage, soundfontSplit } from "./toy/comparison.ts";
import { encodeClips, featuresOfClips } from "./toy/encode-clips.ts";
import { scales } from "./toy/scales.ts";
import { comparisonSetting, type Setting } from "./toy/setting.ts";
import type { stagesOfScale } from "./toy/stages.ts";

/** How large a training in the toy world is. */
export type TrainScale = keyof typeof stagesOfScale;

/** What all runs of the toy world at a scale learn from. */
export interface TrainingWorld {
  readonly scale: TrainScale;
  readonly setting: Setting;
  readonly plans: readonly ClipPlan[];
  readonly features: Features;
  /** Stands in for Llama: where every run starts. */
  readonly llama: Llama;
  /** Hash of the clips, their features and the language model. */
  readonly manifest: string;
  dispose(): void;
}

export interface WorldOptions {
  /** Keeps the language model; made if it is not there. */
  readonly folder: string;
  readonly soundfonts: readonly Soundfont[];
  readonly signal?: AbortSignal;
  readonly report: (line: string) => void;
}

/** Seed of the clips and the language model, as in the comparison. */
export const worldSeed = 1;

/**
 * Renders and encodes the clips, and learns the language model that stands in
 * for Llama; that is kept in the folder, and learned by one process alone.
 *
 * @throws RangeError where the folder's language model is of another scale
 */
export async function openTrainingWorld(
  scale: TrainScale,
  options: WorldOptions,
): Promise<TrainingWorld> {
  const { signal, soundfonts } = options;
  const setting = comparisonSetting();
  const toyScale = scales[scale === "lab" ? "full" : scale];
  const plans = soundfontSplit.trained.flatMap((name) =>
    planClips("train", name, { count: toyScale.clips.train, seed: worldSeed }),
  );
  const clips = await encodeClips(
    plans,
    { encoder: toyEncoder(), soundfonts },
    { signal },
  );
  const { llama, sha256 } = await languageModel(setting, toyScale, options);
  const manifest = hashOf([
    hashOf(plans),
    hashOf(new Uint8Array(clips.features.buffer)),
    sha256,
  ]);
  return {
    ...{ llama, manifest, plans, scale, setting },
    features: featuresOfClips(clips),
    dispose: () => disposeTensors(llama),
  };
}

type ToyScale = (typeof scales)[keyof typeof scales];

/** The language model of a folder: learned once, then read. */
async function languageModel(
  setting: Setting,
  scale: ToyScale,
  { folder, report, signal }: WorldOptions,
): Promise<{ readonly llama: Llama; readonly sha256: string }> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "language-model.safetensors");
  const what = { llama: setting.llama, ...scale.languageModel };
  const identity = hashOf({ ...what, seed: worldSeed });
  const learn = async () => {
    if (existsSync(path)) return; // by who had the lock before
    report("train: learns the language model that stands in for Llama");
    const { llama } = await learnLanguage(scale, setting, { signal });
    const tensors = fromPlain<Llama>(llama);
    try {
      writeSafetensors(path, tensors, { identity });
    } finally {
      disposeTensors(tensors);
    }
  };
  const onWait = () =>
    report("train: waits for the language model, which another process learns");
  if (!existsSync(path)) {
    await withLock(join(folder, ".lock"), learn, { onWait, signal });
  }
  const llama = await openLanguageModel(path, setting, identity);
  const bytes = readFileSync(path);
  return { llama, sha256: createHash("sha256").update(bytes).digest("hex") };
}

async function openLanguageModel(
  path: string,
  setting: Setting,
  identity: string,
): Promise<Llama> {
  const like = initLlama(setting.llama, random("language model", worldSeed));
  const checkpoint = await openCheckpoint(path);
  try {
    const found = checkpoint.metadata?.get("identity");
    if (found !== identity) {
      throw new RangeError(
        `train: expected the language model of this scale, ${identity}, ` +
          `got ${found ?? "one without a name"} (${path}); choose another ` +
          "folder",
      );
    }
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
