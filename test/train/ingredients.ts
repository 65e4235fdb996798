/** What the tests' batches are made of: threads open it by its name. */
import { setTimeout as sleep } from "node:timers/promises";
import { sslamFrontEnd } from "../../lib/audio/front-end.ts";
import type { Example } from "../../lib/data/example.ts";
import { listSource } from "../../lib/data/list.ts";
import { openFeatureCache } from "../../lib/features/cache.ts";
import { featuresInMemory } from "../../lib/features/features.ts";
import {
  type CachedEncoder,
  featuresInCache,
} from "../../lib/features/in-cache.ts";
import { picturesOfFiles } from "../../lib/features/pictures.ts";
import { chatPrompt } from "../../lib/llm/chat.ts";
import { openTokenizer } from "../../lib/llm/hf-tokenizer.ts";
import { promptTokens, promptWriter } from "../../lib/llm/prompt.ts";
import { wordTokenizer } from "../../lib/llm/tokenizer.ts";
import { random } from "../../lib/tensor/random.ts";
import type { Workplace } from "../../lib/threads/workplace.ts";
import type { Ingredients } from "../../lib/train/ahead/make.ts";

/** What goes wrong, and where: the place of a batch's first example. */
export interface Faults {
  readonly throwsAt?: number;
  readonly exitsAt?: number;
  readonly hangsAt?: number;
  /** Batches take a random time each, by this seed. */
  readonly delays?: number;
  /** Of the sounds' numbers. */
  readonly seed?: number;
}

export const encoder = {
  name: "chance",
  grid: { steps: 4, bands: 1 },
  width: 5,
};

const audio = ["one", "two", "three", "four", "five"];
const words = ["dog", "bell", "rain"];
/** Half of the rows are long enough for another length of batch. */
const examples: readonly Example[] = audio.map((name, i) => ({
  id: name,
  audio: name,
  question: `what ${"now ".repeat(i % 2 === 0 ? 1 : 12)}?`,
  answer: `${words[i % words.length]} .`,
  task: "name",
  set: "train",
}));

export function openIngredients(faults: Faults = {}): Ingredients {
  const { delays, exitsAt, hangsAt, seed = 1, throwsAt } = faults;
  const tokenizer = wordTokenizer(
    ["listen", "question : answer :", ...words, "."].concat(
      examples.map(({ question }) => question),
    ),
  );
  const chance = random("sounds", seed);
  const length = audio.length * encoder.grid.steps * encoder.width;
  const features = Float32Array.from({ length }, () => chance.normal());
  const sounds = featuresInMemory([{ encoder, audio, features }]);
  const source = listSource(examples, { seed: 1 });
  return {
    source: {
      take: async (from, count) => {
        if (from === exitsAt) process.exit(7);
        if (from === hangsAt) await new Promise(() => {});
        if (from === throwsAt) {
          const cause = new Error("a bad sector");
          throw new RangeError("take: expected rows, got none", { cause });
        }
        if (delays !== undefined) {
          await sleep(random("delay", delays, from).uniform(0, 30));
        }
        return source.take(from, count);
      },
    },
    sounds,
    writer: promptWriter(tokenizer, (text) =>
      promptTokens(tokenizer, { system: "listen", ...text }),
    ),
  };
}

/** Files as SSLAM is shown them, with a question each. */
export function openFileIngredients(paths: readonly string[]): Ingredients {
  const { writer } = openIngredients();
  const rows = paths.map((audio, i) => ({ ...examples[i], audio }));
  return {
    source: listSource(rows, { seed: 1 }),
    sounds: picturesOfFiles([sslamFrontEnd]),
    writer,
  };
}

export const fileIngredients = (paths: readonly string[]): Workplace => ({
  module: import.meta.url,
  name: openFileIngredients.name,
  given: paths,
});

/** What lies in folders: features of files, and a chat model's tokenizer. */
export interface InFolders {
  readonly paths: readonly string[];
  readonly cache: string;
  readonly encoders: readonly CachedEncoder[];
  readonly tokenizer: string;
}

export async function openFolders(given: InFolders): Promise<Ingredients> {
  const { encoders, paths } = given;
  const cache = await openFeatureCache(given.cache, {
    precision: "float16",
    engine: "test",
    report: (line) => {
      throw new Error(line);
    },
  });
  const tokenizer = await openTokenizer(given.tokenizer);
  const rows = paths.map((audio, i) => ({ ...examples[i], audio }));
  return {
    source: listSource(rows, { seed: 1 }),
    sounds: featuresInCache(cache, encoders),
    writer: promptWriter(tokenizer, (text) =>
      chatPrompt(tokenizer, { system: "Listen.", ...text }),
    ),
  };
}

export const folderIngredients = (given: InFolders): Workplace => ({
  module: import.meta.url,
  name: openFolders.name,
  given,
});

export const ingredientsWith = (given: Faults = {}): Workplace => ({
  module: import.meta.url,
  name: openIngredients.name,
  given,
});
