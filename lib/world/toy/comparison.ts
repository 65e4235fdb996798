import type { Encoder } from "../../encoder/encoder.ts";
import { toyLlama } from "../../llm/config.ts";
import type { Llama } from "../../llm/llama.ts";
import { type WordTokenizer, wordTokenizer } from "../../llm/tokenizer.ts";
import { plainConnector } from "../../pal/connector/config.ts";
import type { Variant } from "../../pal/design/variant.ts";
import {
  disposeTensors,
  fromPlain,
  type PlainTensors,
  toPlain,
} from "../../tensor/params.ts";
import type { StageOptions } from "../../train/fit.ts";
import type { Soundfont } from "../soundfonts.ts";
import { planClips } from "./clips.ts";
import { vocabularyTexts } from "./corpus.ts";
import { type Setting, trainDesign } from "./design.ts";
import { type EncodedClips, encodeClips } from "./encode-clips.ts";
import {
  type Answer,
  askControl,
  askDesign,
  type Control,
  type Exam,
} from "./evaluate.ts";
import { trainLanguageModel } from "./language-model.ts";
import type { ComparisonScale } from "./scales.ts";

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

/** The small language model, its words, and where the audio goes. */
export function comparisonSetting(): Setting & { tokenizer: WordTokenizer } {
  const tokenizer = wordTokenizer(vocabularyTexts());
  return {
    tokenizer,
    llama: { ...toyLlama, vocabularySize: tokenizer.words.length },
    connector: plainConnector({
      query: { steps: 12, bands: 1 },
      ...{ width: 64, nHeads: 4 },
    }),
    textLength: 20,
    answerLength: 5,
  };
}

/** Renders and encodes all clips of a comparison. */
export async function encodeComparisonClips(
  { clips }: ComparisonScale,
  tools: {
    readonly encoder: Encoder;
    readonly soundfonts: readonly Soundfont[];
  },
  options: StageOptions = {},
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

/** Trains the language model on text; the result is plain data. */
export async function learnLanguage(
  scale: ComparisonScale,
  setting: Setting,
  options: StageOptions = {},
): Promise<{ llama: PlainTensors; losses: Float32Array }> {
  const { connector, llama, textLength, tokenizer } = setting;
  const { bands, steps } = connector.query;
  const { losses, params } = await trainLanguageModel(
    {
      llama,
      tokenizer,
      textLength,
      nJottings: steps * bands,
      ...scale.languageModel,
      seed: worldSeed,
    },
    options,
  );
  const plain = toPlain(params);
  disposeTensors(params);
  return { llama: plain, losses };
}

/** Asks the language model alone about the held-out clips. */
export async function runControl(
  control: Control,
  world: World,
  options: StageOptions = {},
): Promise<Answer[]> {
  const llama = fromPlain<Llama>(world.llama);
  try {
    const [, heldOut] = exams(world);
    return await askControl(heldOut, { control, llama }, options);
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
  options: StageOptions = {},
): Promise<DesignRun> {
  const { clips, scale, setting } = world;
  const llama = fromPlain<Llama>(world.llama);
  try {
    const { losses, params } = await trainDesign(
      { variant, setting, ...scale.connector, seed },
      { clips: clips.train, llama },
      options,
    );
    const model = { variant, connector: params, llama, seed };
    const { signal } = options;
    const answers: Answer[] = [];
    for (const exam of exams(world)) {
      answers.push(...(await askDesign(exam, model, { signal })));
    }
    disposeTensors(params);
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
