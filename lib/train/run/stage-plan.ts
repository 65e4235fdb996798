import type { DesignPlan } from "../design.ts";
import { batchingOf, type Stage, scheduleOf } from "../stage.ts";
import type { Curriculum } from "./plan.ts";

/** How a design is trained in one stage of its curriculum. */
export function planOf(curriculum: Curriculum, stage: Stage): DesignPlan {
  const { config, features, lengths, writer } = curriculum;
  const { batchSize, microBatchSize } = batchingOf(stage);
  return {
    ...{ config, features, lengths, writer, batchSize, microBatchSize },
    source: curriculum.sourceOf(stage),
    trains: stage.trains,
    loss: stage.loss,
    schedule: scheduleOf(stage),
    adamw: stage.adamw,
    keepsReads: false,
  };
}
