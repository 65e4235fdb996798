import { sharedCrop } from "../crop.ts";
import { readAudio } from "../decode/read.ts";
import { type FrontEnd, hear } from "../front-end.ts";
import type { Mel } from "../mel.ts";
import type { Hearing, Job } from "./job.ts";

/** What a thread of `hearFiles` does with a file. */
export function openHearing(): (job: Job) => Promise<Hearing> {
  return async ({ frontEnds, path, ...options }) => {
    const first = sharedCrop.from + sharedCrop.seconds;
    const audio = await readAudio(path, { ...options, first });
    const { samples, ...facts } = audio;
    const mels: Record<string, Mel> = {};
    for (const asked of frontEnds) {
      mels[asked.name] = hear(audio, await frontEndOf(asked));
    }
    return { ...facts, mels };
  };
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

export const hearing = { module: import.meta.url, name: "openHearing" };
