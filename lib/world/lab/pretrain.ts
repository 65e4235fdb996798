import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeHalf } from "../../checkpoint/write-half.ts";
import { openTokenizer } from "../../llm/hf-tokenizer.ts";
import { versions } from "../../runlog/surroundings.ts";
import {
  disposeTensors,
  namedLeaves,
  type Tensors,
} from "../../tensor/params.ts";
import { hashOf, hashOfTensors, plainOf } from "../../train/run/identity.ts";
import {
  openWeights,
  saveWeights,
  weightsBy,
} from "../../train/run/weights.ts";
import type { TrainOptions } from "../../train/training.ts";
import { networkKey } from "./encoders/declared.ts";
import { picturesOf } from "./encoders/pictures.ts";
import { type LabScale, type RecipeName, recipes } from "./recipes.ts";
import { openClips } from "./sound/open-clips.ts";
import { trainTokenizer, writeTokenizer } from "./words/tokenizer.ts";

export interface PretrainOptions extends TrainOptions {
  /** The model's own; made if it is not there. */
  readonly folder: string;
  /** Of the training clips, for models that hear. */
  readonly clips?: string;
  readonly seed: number;
  readonly scale: LabScale;
  readonly report: (line: string) => void;
}

/**
 * Makes a model of the lab from nothing, or goes on where it was stopped.
 *
 * @returns the path of its weights in float16: `model.safetensors`
 * @throws RangeError for a model that hears without clips; as `runTraining`
 */
export async function pretrain(
  name: RecipeName,
  options: PretrainOptions,
): Promise<string> {
  const { folder, report, scale, seed } = options;
  const { hears, network, open } = recipes[name];
  mkdirSync(folder, { recursive: true });
  const tokenizerFolder = join(folder, "tokenizer");
  if (!existsSync(join(tokenizerFolder, "tokenizer.json"))) {
    writeTokenizer(tokenizerFolder, trainTokenizer());
  }
  const recipe = await open({
    ...{ scale, seed },
    tokenizer: await openTokenizer(tokenizerFolder),
    pictures: () => pictures(name, options),
  });
  const { batchSize, schedule, start } = recipe;
  const settings = plainOf(recipe.settings);
  const identity = {
    ...{ design: name, stage: "pretraining", scale, seed },
    library: versions().palLab,
    manifest: hears ? hashOf(openClips(options.clips!).truths) : "corpus",
    config: hashOf(settings),
    start: hashOfTensors(start),
  };
  const place = { folder: join(folder, "run"), identity, settings };
  try {
    const path =
      (await weightsBy(place, schedule)) ??
      (await recipe.run(
        {
          ...{ ...options, ...place, batchSize, saveEvery: 100 },
          batchOf: async (step) => ({ step }),
          lighter: "lower the recipe's batchSize",
        },
        (moved) => saveWeights(place.folder, moved, identity),
      ));
    report(`pretrain: ${name} is trained: ${path.path}`);
    const moved = await openWeights(path, start, identity);
    try {
      return await writeKept(folder, recipe.kept(moved), {
        [networkKey]: network,
        identity: JSON.stringify(identity),
      });
    } finally {
      disposeTensors(moved);
    }
  } finally {
    recipe.dispose();
  }
}

function pictures(
  name: RecipeName,
  { clips, scale }: Pick<PretrainOptions, "clips" | "scale">,
) {
  if (clips === undefined) {
    throw new RangeError(
      `pretrain: expected the folder of training clips for ${name}, got none; ` +
        "npm run pal -- render train --out DIR makes it",
    );
  }
  const opened = openClips(clips);
  const all = opened.truths.length;
  return picturesOf(opened, {
    count: scale === "smoke" ? Math.min(100, all) : all,
  });
}

/** Half the bytes; what is lost is below what a seed moves. */
async function writeKept(
  folder: string,
  tree: Tensors,
  metadata: Readonly<Record<string, string>>,
): Promise<string> {
  const path = join(folder, "model.safetensors");
  const named = new Map(namedLeaves(tree));
  const tensors = new Map(
    [...named].map(([name, { shape }]) => [
      name,
      { dtype: "F32" as const, shape },
    ]),
  );
  const read = async (name: string) => {
    const leaf = named.get(name)!;
    const values = leaf.dataSync<"float32">();
    return { shape: leaf.shape, values };
  };
  await writeHalf(path, { name: path, tensors, read }, { metadata });
  return path;
}
