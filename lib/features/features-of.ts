import {
  type BatchEncoder,
  type BatchOptions,
  type FeatureStore,
  featuresOfBatch,
  type Outcome,
} from "./batch.ts";

export interface FeaturesOptions extends BatchOptions {
  /** Clips that are encoded together; 4 unless given. */
  readonly batch?: number;
  /** Called after each batch. */
  readonly onStep?: (soFar: FeatureSummary) => void;
}

/** A file and its outcome. */
export type Featured = Outcome & {
  /** Place among the paths, from 0. */
  readonly index: number;
  readonly path: string;
};

export interface FeatureSummary {
  readonly nClips: number;
  /** Clips whose features were stored already. */
  readonly nRead: number;
  readonly nComputed: number;
  readonly failures: readonly {
    readonly path: string;
    readonly error: Error;
  }[];
}

/**
 * Features of audio files, in order: read where they are stored, computed and
 * stored where not. Both give the same numbers, rounded to the precision.
 *
 * Goes on without a bad file. An outer fault, such as a full disk, ends it;
 * the next run finds what was stored until then. Clips that can not fit on the
 * disk are refused before the first is encoded.
 */
export async function* featuresOf(
  paths: readonly string[],
  encoder: BatchEncoder,
  options: FeaturesOptions,
): AsyncGenerator<Featured, FeatureSummary> {
  const { batch = 4, onStep, signal, store } = options;
  if (!(Number.isInteger(batch) && batch > 0)) {
    throw new RangeError(
      `featuresOf: expected at least one clip in a batch, got ${batch}`,
    );
  }
  signal?.throwIfAborted();
  if (store !== "none") await checkRoom(paths.length, encoder, store);
  let summary: FeatureSummary = {
    nClips: paths.length,
    nRead: 0,
    nComputed: 0,
    failures: [],
  };
  for (let start = 0; start < paths.length; start += batch) {
    const part = paths.slice(start, start + batch);
    const outcomes = await featuresOfBatch(part, encoder, options);
    const done = outcomes.map((outcome, i) => {
      return { ...outcome, index: start + i, path: part[i] };
    });
    summary = addTo(summary, done);
    onStep?.(summary);
    yield* done;
  }
  return summary;
}

/** Stores the features of audio files; see `featuresOf`. */
export async function storeFeatures(
  paths: readonly string[],
  encoder: BatchEncoder,
  options: FeaturesOptions & { readonly store: FeatureStore },
): Promise<FeatureSummary> {
  const run = featuresOf(paths, encoder, options);
  for (;;) {
    const { done, value } = await run.next();
    if (done) return value;
  }
}

/** The files without features, a line each, for the end of a run. */
export function failureLines({ failures, nClips }: FeatureSummary): string {
  if (failures.length === 0) return "";
  const title = `${failures.length} of ${nClips} files have no features`;
  const lines = failures.map(
    ({ error, path }) => `  ${path}: ${error.message}`,
  );
  return [title, ...lines].join("\n");
}

/**
 * Refuses what can not fit, as far as that is known before the files are read:
 * every entry of this encoder may be one of these clips.
 */
async function checkRoom(
  nClips: number,
  encoder: BatchEncoder,
  { cache, identity }: FeatureStore,
): Promise<void> {
  const nMissing = Math.max(0, nClips - (await cache.count(identity)));
  const { fits, line } = await cache.estimate(nMissing, [encoder]);
  if (fits) return;
  throw new Error(
    `featuresOf: expected room for the features, got too little: ${line}`,
  );
}

function addTo(
  summary: FeatureSummary,
  done: readonly Featured[],
): FeatureSummary {
  const count = (from: "store" | "encoder") =>
    done.filter((one) => one.error === undefined && one.from === from).length;
  const failed = done.flatMap(({ error, path }) =>
    error ? [{ error, path }] : [],
  );
  return {
    nClips: summary.nClips,
    nRead: summary.nRead + count("store"),
    nComputed: summary.nComputed + count("encoder"),
    failures: [...summary.failures, ...failed],
  };
}
