/** The entry of a worker thread: answers one job at a time. */
import { isMainThread, parentPort } from "node:worker_threads";
import { sharedCrop } from "../crop.ts";
import { readAudio } from "../decode/read.ts";
import { type FrontEnd, hear } from "../front-end.ts";
import type { Mel } from "../mel.ts";
import type { Hearing, Job, JobResult } from "./job.ts";

async function work(job: Job): Promise<Hearing> {
  const { acceptCutShort, acceptDamaged, limits } = job;
  const first = sharedCrop.from + sharedCrop.seconds;
  const audio = await readAudio(job.path, {
    first,
    acceptCutShort,
    acceptDamaged,
    limits,
  });
  const { samples, ...facts } = audio;
  const mels: Record<string, Mel> = {};
  for (const asked of job.frontEnds) {
    mels[asked.name] = hear(audio, await frontEndOf(asked));
  }
  return { ...facts, mels };
}

/** The front-end of this name among what its module exports. */
async function frontEndOf({
  module,
  name,
}: Job["frontEnds"][number]): Promise<FrontEnd> {
  const exported = Object.values((await import(module)) as object);
  const found = exported.find(
    (value: Partial<FrontEnd> | undefined): value is FrontEnd =>
      value?.name === name && value.module === module,
  );
  if (found) return found;
  throw new Error(
    `hearFiles: expected ${module} to export the front-end "${name}", ` +
      "got none of this name",
  );
}

async function answer(job: Job): Promise<void> {
  try {
    const hearing = await work(job);
    const mels: Mel[] = Object.values(hearing.mels);
    const moved = mels.map(({ values }) => values.buffer as ArrayBuffer);
    parentPort?.postMessage({ hearing } satisfies JobResult, moved);
  } catch (fault) {
    const error = fault instanceof Error ? fault : new Error(String(fault));
    const { message, name } = error;
    parentPort?.postMessage({ error: { name, message } } satisfies JobResult);
  }
}

if (!isMainThread) parentPort?.on("message", answer);
