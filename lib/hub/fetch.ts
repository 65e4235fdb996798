import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeWhole } from "../files/atomic.ts";
import { withLock } from "../files/lock.ts";
import { type CheckOptions, checkDisk } from "./disk.ts";
import { download, isWhole } from "./download.ts";
import { checkName, checkWeights } from "./plain-names.ts";
import {
  describeRepository,
  type HubFile,
  type Repository,
} from "./repository.ts";
import type { Hub } from "./request.ts";
import { shown } from "./shown.ts";
import type { Weights } from "./weights.ts";

export interface FetchOptions extends Hub, Pick<CheckOptions, "freeBytes"> {
  /** Cache folder; the weights go into `weights/<name>` below it. */
  readonly cache: string;
  /** The repository is known: its license can be shown. */
  readonly onFound?: (repository: Repository) => void;
  readonly onWait?: () => void;
  /** Once for each file, with `done` equal to its size when it was there. */
  readonly onProgress?: (file: HubFile, done: number) => void;
}

export interface FetchedWeights {
  readonly folder: string;
  readonly repository: Repository;
  readonly files: readonly HubFile[];
}

/** Folder of some weights in a cache. */
export function weightsFolder(cache: string, name: string): string {
  checkName("weightsFolder", "a name of weights", name);
  return join(cache, "weights", name);
}

/**
 * Brings weights from the hub into the cache, or finds them there.
 *
 * Files that are there are verified again. A note of where they came from is
 * kept beside them in `source.json`.
 */
export async function fetchFromHub(
  weights: Weights,
  options: FetchOptions,
): Promise<FetchedWeights> {
  checkWeights("fetchFromHub", weights);
  const { cache, onFound, onProgress, onWait, signal } = options;
  const repository = await describeRepository(weights.repository, options);
  onFound?.(repository);
  const files = weights.files.map((names) => choose(repository, names));
  const folder = weightsFolder(cache, weights.name);
  await mkdir(folder, { recursive: true });
  const work = async () => {
    const missing: HubFile[] = [];
    for (const file of files) {
      if (await isWhole(join(folder, file.path), file)) {
        onProgress?.(file, file.size);
      } else missing.push(file);
    }
    await checkDisk("fetchFromHub", { folder, missing, ...options });
    for (const file of missing) {
      const url =
        `${options.endpoint}/${repository.id}/resolve/` +
        `${repository.commit}/${file.path}`;
      await download(
        {
          ...file,
          url,
          target: join(folder, file.path),
          onProgress: (done) => onProgress?.(file, done),
        },
        options,
      );
    }
    await keepSource(folder, repository, files);
  };
  await withLock(join(folder, ".lock"), work, {
    ...(signal ? { signal } : {}),
    ...(onWait ? { onWait } : {}),
  });
  return { folder, repository, files };
}

function choose(repository: Repository, names: readonly string[]): HubFile {
  for (const name of names) {
    const file = repository.files.find(({ path }) => path === name);
    if (file) return file;
  }
  const listed = repository.files.map(({ path }) => path).join(", ");
  throw new Error(
    `fetchFromHub: expected ${names.join(" or ")} with size and hash in ` +
      `${repository.id}, got ${shown(listed, 2000) || "no file"}`,
  );
}

async function keepSource(
  folder: string,
  { commit, id, license }: Repository,
  files: readonly HubFile[],
): Promise<void> {
  const path = join(folder, "source.json");
  const source = { repository: id, commit, license, files };
  writeWhole(path, `${JSON.stringify(source, null, 2)}\n`);
}
