import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeSafetensors } from "../../checkpoint/write-safetensors.ts";
import { withLock } from "../../files/lock.ts";
import { versions } from "../../runlog/surroundings.ts";
import { disposeTensors } from "../../tensor/params.ts";
import type { Stage } from "../stage.ts";
import { Busy } from "./busy.ts";
import { checkArrival, runWeights } from "./door.ts";
import { checkSignal } from "./faults.ts";
import { hashOfTensors } from "./identity.ts";
import type { Curriculum, CurriculumOptions } from "./plan.ts";
import { identityAt, type OpenRun, trainStage } from "./train-stage.ts";
import { openWeights, type StageWeights } from "./weights.ts";

/**
 * Trains a design through stages, each from the weights of the one before, and
 * goes on where an earlier call stopped.
 *
 * @returns the path of the last asked stage's weights: `weights.safetensors`
 * @throws RangeError for a folder of another run; Busy where another process
 * works in the folder; Error where a stage lacks the one before it; Stopped
 * after a signal
 */
export async function trainCurriculum(
  curriculum: Curriculum,
  options: CurriculumOptions,
): Promise<string> {
  const { manifest, scale, seed, stages } = curriculum;
  const { asked, folder } = options;
  const design = curriculum.config.variant.name;
  const library = versions().palLab;
  const known = { design, library, manifest, scale, seed };
  const arrival = { folder, stages, asked, known };
  await checkArrival(arrival);
  mkdirSync(folder, { recursive: true });
  const work = async () => {
    // What another process left meanwhile counts.
    const stagesAsked = await checkArrival(arrival);
    const start = await curriculum.start();
    const startHash = hashOfTensors(start);
    const run = { curriculum, known, options, start, startHash };
    try {
      return await trainStages(stagesAsked, run);
    } finally {
      disposeTensors(start);
    }
  };
  return withLock(join(folder, "run.lock"), work, {
    onWait: () => {
      throw new Busy(
        `train: expected a folder of its own, got ${folder}, where another ` +
          "process trains; wait for it, or choose another folder",
      );
    },
  });
}

async function trainStages(
  asked: readonly Stage[],
  run: OpenRun,
): Promise<string> {
  let last: StageWeights | undefined;
  for (const stage of asked) {
    checkSignal(run.options.signal, `before stage ${stage.number}`);
    last = await trainStage(stage, run);
  }
  return publish(last!, asked.at(-1)!, run);
}

/** Writes a stage's weights to where a run's are looked for. */
async function publish(
  found: StageWeights,
  stage: Stage,
  run: OpenRun,
): Promise<string> {
  const identity = identityAt(stage, run);
  const weights = await openWeights(found, run.start, identity);
  const path = runWeights(run.options.folder);
  try {
    writeSafetensors(path, weights, { identity: JSON.stringify(identity) });
  } finally {
    disposeTensors(weights);
  }
  return path;
}
