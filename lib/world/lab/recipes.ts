import type { Htsat } from "../../encoder/htsat.ts";
import type { HtsatConfig } from "../../encoder/htsat-config.ts";
import type { PretrainedEncoder } from "../../encoder/pretrained.ts";
import { randomEncoder } from "../../encoder/random-encoder.ts";
import type { Sslam, SslamConfig } from "../../encoder/sslam.ts";
import type { Tokenizer } from "../../llm/tokenizer.ts";
import { disposeTensors, type Tensors } from "../../tensor/params.ts";
import { runTraining } from "../../train/run/run-training.ts";
import type { RunOptions } from "../../train/run/steps.ts";
import type { Schedule } from "../../train/schedule.ts";
import type { Training } from "../../train/training.ts";
import { tonalFamilies } from "./encoders/captions.ts";
import {
  type ContrastPlan,
  contrastTraining,
  together,
} from "./encoders/contrastive.ts";
import { labClap, labNetworks, labSslam } from "./encoders/declared.ts";
import { maskedTraining } from "./encoders/masked.ts";
import type { Pictures } from "./encoders/pictures.ts";
import {
  labLlama,
  type PretrainingSize,
  pretrainingSizes,
} from "./llm/config.ts";
import { languageTraining } from "./llm/pretraining.ts";
import type { Lexicon } from "./words/corpus.ts";

export type LabScale = keyof typeof pretrainingSizes;

/** A training from nothing, whatever its trees are, and what of it is kept. */
export interface OpenRecipe {
  readonly batchSize: number;
  /** All that decides the numbers, as the run's record tells it. */
  readonly settings: object;
  readonly schedule: Schedule;
  /** What moves, before it does; freed by `dispose`. */
  readonly start: Tensors;
  /** See `runTraining`. */
  run<T>(options: RunOptions, finish: (moved: Tensors) => T): Promise<T>;
  /** What is shipped of what has moved; it stays the caller's. */
  kept(moved: Tensors): Tensors;
  dispose(): void;
}

function opened<P extends Tensors, F extends Tensors, B extends Tensors>(
  training: Training<P, F, B>,
  {
    kept,
    ...own
  }: Pick<OpenRecipe, "batchSize" | "settings"> & {
    readonly kept: (moved: P, frozen: F) => Tensors;
  },
): OpenRecipe {
  const { frozen, params, schedule } = training;
  return {
    ...{ ...own, schedule, start: params },
    run: (options, finish) => runTraining(training, options, finish),
    kept: (moved) => kept(moved as P, frozen),
    dispose: () => {
      disposeTensors(params);
      disposeTensors(frozen);
    },
  };
}

interface RecipeInputs {
  readonly scale: LabScale;
  readonly seed: number;
  readonly tokenizer: Tokenizer;
  /** Of training clips; asked for by recipes that hear. */
  readonly pictures: () => Pictures;
}

/** How a model of the lab is made from nothing. */
export interface Recipe {
  readonly summary: string;
  /** What its file calls the network; see `networkKey`. */
  readonly network: string;
  readonly hears: boolean;
  open(inputs: RecipeInputs): Promise<OpenRecipe>;
}

/** The lab's models by name. */
export const recipes = {
  lm: language("sounds", "language model, from texts alone"),
  "lm-things": language(
    "things",
    "control: a language model whose texts have no word of any sound",
  ),
  sslam: {
    summary: "SSLAM's code: masked prediction on mixtures",
    network: labSslam.name,
    hears: true,
    open: async ({ pictures, scale, seed }) => {
      const { config, weights } = await start(labSslam.name, seed);
      const size = encoderSizes[scale];
      const settings = { config, hidden: 0.75, ...size };
      const training = maskedTraining({
        ...{ ...size, hidden: settings.hidden, seed },
        pictures: pictures(),
        config: config as SslamConfig,
        encoder: weights as Sslam,
      });
      return opened(training, {
        ...{ settings, batchSize: size.batchSize },
        kept: ({ encoder }) => encoder,
      });
    },
  },
  "clap-general": contrast("names", "of all families"),
  "clap-pitched": contrast("pitch", "of families with a pitch alone"),
} as const satisfies Record<string, Recipe>;

export type RecipeName = keyof typeof recipes;

const encoderSizes: Readonly<Record<LabScale, PretrainingSize>> = {
  smoke: {
    batchSize: 8,
    schedule: { steps: 4, peakLearningRate: 1e-3, warmupRatio: 0.05 },
  },
  lab: {
    batchSize: 64,
    schedule: { steps: 1500, peakLearningRate: 1e-3, warmupRatio: 0.05 },
  },
};

function language(lexicon: Lexicon, summary: string): Recipe {
  return {
    ...{ summary, network: labLlama.name, hears: false },
    open: async ({ scale, seed, tokenizer }) => {
      const { batchSize, schedule } = pretrainingSizes[scale];
      const size = { batchSize, schedule, lexicon };
      const plan = { ...size, config: labLlama, seed, tokenizer };
      return opened(languageTraining(plan), {
        batchSize,
        settings: { ...size, config: labLlama },
        kept: (llama) => llama,
      });
    },
  };
}

function contrast(detail: ContrastPlan["detail"], what: string): Recipe {
  const families = detail === "names" ? undefined : tonalFamilies;
  return {
    summary: `CLAP's code: clips and captions that tell ${detail}, ${what}`,
    network: labClap.name,
    hears: true,
    open: async ({ pictures, scale, seed, tokenizer }) => {
      const { config, weights } = await start(labClap.name, seed);
      const size = encoderSizes[scale];
      const training = contrastTraining({
        ...{ ...size, detail, families, seed, tokenizer },
        name: `clap-${detail}`,
        pictures: pictures(),
        config: config as HtsatConfig,
        encoder: weights as Htsat,
      });
      return opened(training, {
        batchSize: size.batchSize,
        settings: { config, detail, families: families ?? "all", ...size },
        kept: ({ encoder }, frozen) => together(encoder, frozen),
      });
    },
  };
}

function start(name: string, seed: number): Promise<PretrainedEncoder> {
  return randomEncoder(name, seed, labNetworks);
}
