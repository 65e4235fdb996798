import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "../files/lock.ts";
import { download, isWhole, sizeOf } from "./download.ts";
import { checkName, checkWeights } from "./plain-names.ts";
import {
  describeRepository,
  type HubFile,
  type Repository,
} from "./repository.ts";
import type { Hub } from "./request.ts";
import { requireRoom } from "./room.ts";
import { shown } from "./shown.ts";
import { writeSource } from "./source.ts";
import type { Weights } from "./weights.ts";

export interface FetchOptions extends Hub {
  /** Cache folder; the weights go into `weights/<name>` below it. */
  readonly cache: string;
  /** The repository is known: its license can be shown. */
  readonly onFound?: (repository: Repository) => void;
  readonly onWait?: () => void;
  /** Once for each file, with `done` equal to its size when it was there. */
  readonly onProgress?: (file: HubFile, done: number) => void;
  /** Free bytes of a folder's disk; the system's own answer unless given. */
  readonly freeBytes?: (folder: string) => Promise<number>;
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
  const { also = [] } = weights;
  const files = [
    ...weights.files.map((names) => choose(repository, names)),
    ...repository.files.filter(({ path }) => also.includes(path)),
  ];
  const folder = weightsFolder(cache, weights.name);
  await mkdir(folder, { recursive: true });
  const work = async () => {
    const missing: HubFile[] = [];
    for (const file of files) {
      if (await isWhole(join(folder, file.path), file)) {
        onProgress?.(file, file.size);
      } else missing.push(file);
    }
    await checkDisk(folder, missing, options);
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
    const { commit, id, license } = repository;
    writeSource(folder, { repository: id, commit, license, files });
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

async function checkDisk(
  folder: string,
  missing: readonly HubFile[],
  { freeBytes }: FetchOptions,
): Promise<void> {
  let needed = 0;
  for (const { path, size } of missing) {
    needed += size - ((await sizeOf(join(folder, `${path}.part`))) ?? 0);
  }
  if (missing.length === 0) return;
  await requireRoom("fetchFromHub", { bytes: needed, folder }, freeBytes);
}
