import type { DesignPlan } from "../design.ts";
import { batchingOf, type Stage, scheduleOf } from "../stage.ts";
import type { Curriculum } from "./plan.ts";

/** How a design is trained in one stage of its curriculum. */
export function planOf(stage: Stage, curriculum: Curriculum): DesignPlan {
  const { aheadOf, config, features, lengths, sourceOf, writer } = curriculum;
  const { batchSize, microBatchSize } = batchingOf(stage);
  return {
    ...{ config, features, lengths, writer, batchSize, microBatchSize },
    source: sourceOf(stage),
    trains: stage.trains,
    loss: stage.loss,
    recomputes: stage.recomputes,
    schedule: scheduleOf(stage),
    adamw: { ...stage.adamw, groups: groupsOf(stage) },
    keepsReads: false,
    ahead: aheadOf?.(stage),
  };
}

/** One group a part, clipped together: only so that logs tell them apart. */
function groupsOf({ adamw, trains }: Stage) {
  if (adamw.groups) return adamw.groups;
  const parts = trains === "connector" ? ["connector"] : ["connector", "llama"];
  return parts.map((names) => ({ names }));
}
