/** What the bench's batches are made of; threads open it by its name. */
import { readFileSync } from "node:fs";
import { sslamFrontEnd } from "../../lib/audio/front-end.ts";
import { toyEncoder } from "../../lib/encoder/toy.ts";
import type { Sounds } from "../../lib/features/features.ts";
import { picturesOfFiles } from "../../lib/features/pictures.ts";
import { inSharedMemory } from "../../lib/threads/shared.ts";
import type { Workplace } from "../../lib/threads/workplace.ts";
import type { Ingredients } from "../../lib/train/ahead/make.ts";
import { orderOf } from "../../lib/train/stage.ts";
import {
  openToyStage,
  type ToyStage,
} from "../../lib/world/toy/ingredients.ts";
import { questionsPerClip, stagesOfScale } from "../../lib/world/toy/stages.ts";
import type { Road, World } from "./ways.ts";

/** The stage that the bench trains: the lab's first. */
export const [stage] = stagesOfScale.lab;

/** A world's first stage, its features in shared memory. */
export function toyStageOf({ features, plans }: World): ToyStage {
  const { grid, name, width } = toyEncoder();
  const { buffer } = readFileSync(features);
  return {
    plans,
    order: orderOf(stage, 1),
    rows: { perClip: questionsPerClip[stage.data], data: stage.data, seed: 1 },
    encoder: { name, grid, width },
    features: inSharedMemory(new Float32Array(buffer)),
  };
}

interface Given {
  readonly road: Road;
  readonly world: World;
  readonly toy: ToyStage;
}

/** The toy world's questions, about sounds by one of the roads. */
export async function openWait({
  road,
  toy,
  world,
}: Given): Promise<Ingredients> {
  const opened = openToyStage(toy);
  if (road === "cached") return opened;
  const files =
    road === "on the fly"
      ? picturesOfFiles([sslamFrontEnd])
      : await (await import("./network.ts")).openFlying();
  const sounds: Sounds = {
    read: (audio) => files.read(audio.map((name) => world.paths[name])),
  };
  return { ...opened, sounds };
}

export const waitWorkplace = (given: Given): Workplace => ({
  module: import.meta.url,
  name: openWait.name,
  given,
});
