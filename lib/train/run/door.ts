import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Stage } from "../stage.ts";
import type { Identity } from "./identity.ts";
import { checkRecord } from "./log.ts";
import { checkFileIdentity, weightsIn } from "./weights.ts";

/** Where a stage's files lie in its run's folder. */
export const stageFolder = (folder: string, number: number) =>
  join(folder, `stage-${number}`);

/** What a run leaves of all its stages: the weights of the last one. */
export const runWeights = (folder: string) =>
  join(folder, "weights.safetensors");

/** A run that is about to begin or to go on. */
export interface Arrival {
  readonly folder: string;
  /** All stages, in order. */
  readonly stages: readonly Stage[];
  /** Numbers of those to run. */
  readonly asked: readonly number[];
  /** What is known of the run, and the same in all its stages. */
  readonly known: Partial<Omit<Identity, "stage" | "config" | "start">>;
}

/**
 * Refuses a run before anything is made: a folder of another run, stages that
 * there are not, a stage that lacks the one before it. Touches nothing.
 *
 * @returns the stages to run, in order
 * @throws RangeError for the first two; Error for the third
 */
export async function checkArrival(
  arrival: Arrival,
): Promise<readonly Stage[]> {
  const { folder, known, stages } = arrival;
  const asked = stagesAsked(arrival);
  for (const stage of stages) {
    const identity = { ...known, stage: stage.name };
    checkRecord({ folder: stageFolder(folder, stage.number), identity });
  }
  const path = runWeights(folder);
  if (existsSync(path)) await checkRunWeights(path, known);
  for (const stage of asked) checkPredecessor(stage, asked, arrival);
  return asked;
}

function stagesAsked({ asked, stages }: Arrival): readonly Stage[] {
  const known = stages.map(({ number }) => number);
  const strange = asked.find((number) => !known.includes(number));
  if (asked.length === 0 || strange !== undefined) {
    throw new RangeError(
      `train: expected stages of ${known.join(", ")}, ` +
        `got ${strange ?? "none"}`,
    );
  }
  return stages.filter(({ number }) => asked.includes(number));
}

/** They will be written over: only this run's own may be. */
async function checkRunWeights(
  path: string,
  known: Arrival["known"],
): Promise<void> {
  try {
    await checkFileIdentity(path, known);
  } catch (cause) {
    throw new RangeError(
      `train: expected this run's own weights or none at ${path}, got: ` +
        `${(cause as Error).message}; move them away`,
      { cause },
    );
  }
}

/** The stage that another starts from; none for the first. */
export function stageBefore(
  { number }: Stage,
  stages: readonly Stage[],
): Stage | undefined {
  return stages.find((stage) => stage.number === number - 1);
}

function checkPredecessor(
  stage: Stage,
  asked: readonly Stage[],
  { folder, stages }: Arrival,
): void {
  const before = stageBefore(stage, stages);
  if (!before || asked.includes(before)) return;
  const place = stageFolder(folder, before.number);
  if (weightsIn(place)) return;
  // A stage that is done can be looked at without the one before it.
  if (weightsIn(stageFolder(folder, stage.number))) return;
  throw new Error(
    `train: expected the weights of stage ${before.number} for stage ` +
      `${stage.number}, got none in ${place}` +
      `${existsSync(place) ? ", whose stage is not finished" : ""}; ` +
      `train stage ${before.number} first`,
  );
}
