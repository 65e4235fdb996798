import { availableParallelism } from "node:os";
import { Crew, ThreadFault } from "../../threads/crew.ts";
import type { DecodeLimits } from "../decode/check.ts";
import type { FrontEnd } from "../front-end.ts";
import { hearing } from "./hearing.ts";
import type { Hearing, Job } from "./job.ts";

export interface HearOptions {
  readonly frontEnds: readonly FrontEnd[];
  /** Worker threads; as many as the machine has cores unless given. */
  readonly nWorkers?: number;
  /** `given` keeps the order of the paths, `done` yields what is ready. */
  readonly order?: "given" | "done";
  readonly acceptCutShort?: boolean;
  readonly acceptDamaged?: boolean;
  readonly limits?: Partial<DecodeLimits>;
  /** Milliseconds for one file, after which its thread is ended. */
  readonly patience?: number;
  readonly signal?: AbortSignal;
}

/** A file and what was heard, or why nothing was. */
export type Heard = {
  /** Place among the paths, from 0. */
  readonly index: number;
  readonly path: string;
} & (
  | { readonly hearing: Hearing; readonly error?: undefined }
  | { readonly error: Error; readonly hearing?: undefined }
);

/**
 * Hears many files in worker threads, without stopping at a bad one.
 *
 * Takes a new path only when a result is taken: at most two files for each
 * thread are read, in work or waiting. Leaving the loop ends the threads.
 */
export async function* hearFiles(
  paths: Iterable<string> | AsyncIterable<string>,
  options: HearOptions,
): AsyncGenerator<Heard> {
  const { nWorkers = availableParallelism(), order = "given" } = options;
  const { patience = 120_000, signal } = options;
  if (!(Number.isInteger(nWorkers) && nWorkers > 0)) {
    throw new RangeError(
      `hearFiles: expected at least one worker, got ${nWorkers}`,
    );
  }
  signal?.throwIfAborted();
  const crew = new Crew<Job, Hearing>(hearing, { size: nWorkers, patience });
  const stop = () => void crew.close(); // ends the jobs that are waited for
  signal?.addEventListener("abort", stop);
  const running = new Map<number, Promise<Heard>>();
  const source = iterate(paths);
  let index = 0;
  let isMore = true;
  try {
    while (isMore || running.size > 0) {
      while (isMore && running.size < 2 * nWorkers) {
        const next = await source.next();
        signal?.throwIfAborted();
        isMore = !next.done;
        if (next.done) break;
        const place = { index, path: next.value };
        running.set(index, hearOne(crew, place, options));
        index++;
      }
      const [oldest] = running.values();
      if (oldest === undefined) break;
      const ready = order === "given" ? [oldest] : running.values();
      const heard = await Promise.race(ready);
      signal?.throwIfAborted();
      running.delete(heard.index);
      yield heard;
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    await crew.close();
    await source.return?.();
  }
}

async function hearOne(
  crew: Crew<Job, Hearing>,
  place: { readonly index: number; readonly path: string },
  {
    acceptCutShort = false,
    acceptDamaged = false,
    frontEnds,
    limits = {},
  }: HearOptions,
): Promise<Heard> {
  const job: Job = {
    path: place.path,
    frontEnds: frontEnds.map(({ module, name }) => ({ module, name })),
    acceptCutShort,
    acceptDamaged,
    limits,
  };
  try {
    return { ...place, hearing: await crew.run(job) };
  } catch (cause) {
    const error = cause as Error;
    if (!(error instanceof ThreadFault)) return { ...place, error };
    const message = `hearFiles: ${error.message} (${place.path})`;
    return { ...place, error: new Error(message, { cause }) };
  }
}

async function* iterate(paths: Iterable<string> | AsyncIterable<string>) {
  yield* paths;
}

/** The files that could not be heard, a line each, for the end of a run. */
export function failureReport(heard: readonly Heard[]): string {
  const failed = heard.filter(({ error }) => error !== undefined);
  const title = `${failed.length} of ${heard.length} files could not be heard`;
  const lines = failed.map(({ error, path }) => `  ${path}: ${error?.message}`);
  return failed.length === 0 ? "" : [title, ...lines].join("\n");
}
