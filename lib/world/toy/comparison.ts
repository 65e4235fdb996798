import type { Encoder } from "../../encoder/encoder.ts";
import type { Llama } from "../../llm/llama.ts";
import type { Variant } from "../../pal/design/variant.ts";
import { type AudioLlm, initAudioConnector } from "../../pal/run/audio-llm.ts";
import {
  disposeTensors,
  fromPlain,
  type PlainTensors,
  type Tensors,
  toPlain,
} from "../../tensor/params.ts";
import { random } from "../../tensor/random.ts";
import { trainDesign } from "../../train/design.ts";
import type { WorkOptions } from "../../train/training.ts";
import type { Soundfont } from "../soundfonts.ts";
import type { Answer } from "./answers.ts";
import { planClips } from "./clips.ts";
import {
  type EncodedClips,
  encodeClips,
  featuresOfClips,
} from "./encode-clips.ts";
import {
  type Control,
  type Exam,
  examineControl,
  examineDesign,
} from "./evaluate.ts";
import {
  type LanguageModelPlan,
  trainLanguageModel,
} from "./language-model.ts";
import type { ComparisonScale } from "./scales.ts";
import { type Setting, toyConfig, toyWriter } from "./setting.ts";
import { toySource } from "./source.ts";

/** Seed of the clips, the language model and the questions of evaluation. */
export const worldSeed = 1;

/** Which SoundFonts train, and which is kept for the test. */
export const soundfontSplit = {
  trained: ["FluidR3Mono", "MuseScoreGeneralLite"],
  held: ["TimGM6mb"],
} as const;

/** What the sets of clips are called in tables. */
export const trainedSet = "trained SoundFonts, new clips";
export const heldOutSet = "held-out SoundFont";

/** The sets of clips of a comparison. */
export interface ComparisonClips {
  readonly train: EncodedClips;
  readonly trained: EncodedClips;
  readonly heldOut: EncodedClips;
}

/** Renders and encodes all clips of a comparison. */
export async function encodeComparisonClips(
  { clips }: ComparisonScale,
  tools: {
    readonly encoder: Encoder;
    readonly soundfonts: readonly Soundfont[];
  },
  options: WorkOptions = {},
): Promise<ComparisonClips> {
  const plan = (split: string, names: readonly string[], count: number) =>
    names.flatMap((name) => planClips(split, name, { count, seed: worldSeed }));
  const { held, trained } = soundfontSplit;
  const sets = [
    plan("train", trained, clips.train),
    plan("test", trained, clips.trained),
    plan("test", held, clips.heldOut),
  ];
  const steps = sets.flat().length;
  let before = 0;
  const encoded: EncodedClips[] = [];
  for (const plans of sets) {
    const from = before;
    const onStep = ({ step }: { step: number }) =>
      options.onStep?.({ step: from + step, steps });
    encoded.push(await encodeClips(plans, tools, { ...options, onStep }));
    before += plans.length;
  }
  const [train, seen, heldOut] = encoded;
  return { train, trained: seen, heldOut };
}

/** How a scale's language model learns. */
export function languageModelPlan(
  { languageModel }: ComparisonScale,
  { connector, llama, textLength, tokenizer }: Setting,
): LanguageModelPlan {
  const { bands, steps } = connector.query;
  const nJottings = steps * bands;
  const sizes = { llama, tokenizer, textLength, nJottings };
  return { ...sizes, ...languageModel, seed: worldSeed };
}

/** Trains the language model on text; the result is plain data. */
export async function learnLanguage(
  scale: ComparisonScale,
  setting: Setting,
  options: WorkOptions = {},
): Promise<{ llama: PlainTensors; losses: Float32Array }> {
  const plan = languageModelPlan(scale, setting);
  const { losses, params } = await trainLanguageModel(plan, options);
  const plain = toPlain(params);
  disposeTensors(params);
  return { llama: plain, losses };
}

/** Asks the language model alone about the held-out clips. */
export async function runControl(
  control: Control,
  world: World,
  options: WorkOptions = {},
): Promise<Answer[]> {
  const llama = fromPlain<Llama>(world.llama);
  try {
    const [, heldOut] = exams(world);
    return await examineControl(heldOut, { control, llama }, options);
  } finally {
    disposeTensors(llama);
  }
}

/** What all runs of a comparison have in common. */
export interface World {
  readonly scale: ComparisonScale;
  readonly setting: Setting;
  readonly clips: ComparisonClips;
  /** The trained language model, frozen from here on. */
  readonly llama: PlainTensors;
}

/** One design with one seed: how it learned, and what it answered. */
export interface DesignRun {
  readonly design: string;
  readonly seed: number;
  /** In nats per answer token, step by step. */
  readonly losses: Float32Array;
  readonly answers: Answer[];
}

/** Trains one design with one seed and asks it about both sets of new clips. */
export async function runDesign(
  { seed, variant }: { readonly variant: Variant; readonly seed: number },
  world: World,
  options: WorkOptions = {},
): Promise<DesignRun> {
  const { clips, scale, setting } = world;
  const llama = fromPlain<Llama>(world.llama);
  try {
    const features = featuresOfClips(clips.train);
    const config = toyConfig(variant, setting, features.encoders);
    const { batchSize, schedule } = scale.connector;
    const { plans } = clips.train;
    const start = initAudioConnector(config, random("connector", seed));
    const { losses, params } = await trainDesign(
      {
        config,
        features,
        source: toySource(plans, { batchSize, seed, set: "train" }),
        writer: toyWriter(setting),
        lengths: { text: setting.textLength, answer: setting.answerLength },
        trains: "connector",
        batchSize,
        schedule,
      },
      { connector: start, llama },
      options,
    ).finally(() => disposeTensors(start));
    const model = { llama, ...params } as AudioLlm;
    const { signal } = options;
    const answers: Answer[] = [];
    for (const exam of exams(world)) {
      const asked = { variant, model, seed };
      answers.push(...(await examineDesign(exam, asked, { signal })));
    }
    disposeTensors(params as Tensors);
    return { design: variant.name, seed, losses, answers };
  } finally {
    disposeTensors(llama);
  }
}

/** New clips of the trained SoundFonts, and the held-out SoundFont. */
function exams({ clips, setting }: World): [Exam, Exam] {
  const exam = { setting, seed: worldSeed, batchSize: 32 };
  return [
    { ...exam, clips: clips.trained, set: trainedSet },
    { ...exam, clips: clips.heldOut, set: heldOutSet },
  ];
}
