/**
 * What a thread works with, as data: functions do not travel between threads,
 * so they are named.
 */
export interface Workplace {
  /** Address of a module, its own `import.meta.url`. */
  readonly module: string;
  /** The function that it exports, which takes `given`. */
  readonly name: string;
  /** Cloned for the thread; what lies in shared memory is shared. */
  readonly given?: unknown;
}

/**
 * Answers a job.
 *
 * Arrays of its result are handed over, not copied: none may be one that it
 * goes on using.
 */
export type Work<Job, Result> = (job: Job) => Promise<Result>;

/** What the function of a workplace gives. */
export async function openWorkplace<Opened>({
  given,
  module,
  name,
}: Workplace): Promise<Opened> {
  const exported = (await import(module)) as Readonly<Record<string, unknown>>;
  const open = exported[name];
  if (typeof open === "function") return open(given);
  throw new TypeError(
    `openWorkplace: expected ${module} to export a function "${name}", ` +
      `got ${typeof open}`,
  );
}
