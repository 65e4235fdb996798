import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { download, isWhole, sizeOf } from "../download.ts";
import { checkName } from "../plain-names.ts";
import type { HubFile } from "../repository.ts";
import type { Hub } from "../request.ts";
import { requireRoom } from "../room.ts";
import { shown } from "../shown.ts";
import type { PipSettings } from "./pip-settings.ts";
import { askingOf, filesOfPackage, type IndexedFile } from "./simple-index.ts";

/** One file of a package, which must be this one and no other. */
export interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface PackageOptions
  extends Omit<Hub, "endpoint" | "token" | "basic" | "remedies"> {
  /** Cache folder; the file goes into `packages` below it. */
  readonly cache: string;
  readonly pip: PipSettings;
  /** Bytes that are needed beside the file's own, for what is made of it. */
  readonly room?: number;
  readonly onProgress?: (file: HubFile, done: number) => void;
  readonly freeBytes?: (folder: string) => Promise<number>;
}

/**
 * Brings a package's file from the indexes that pip is set to use, or finds it
 * in the cache: verified, and going on where an earlier attempt stopped.
 *
 * @returns its path
 * @throws Error with what each index said, where none has this very file
 */
export async function fetchPackage(
  pinned: PinnedPackage,
  options: PackageOptions,
): Promise<string> {
  checkName("fetchPackage", "a file's name", pinned.file);
  const { cache, freeBytes, onProgress, pip, room = 0, ...rest } = options;
  const folder = join(cache, "packages");
  await mkdir(folder, { recursive: true });
  const target = join(folder, pinned.file);
  const file: HubFile = {
    path: pinned.file,
    size: pinned.bytes,
    hash: { kind: "sha256", hex: pinned.sha256 },
  };
  if (await isWhole(target, file)) {
    onProgress?.(file, file.size);
    return target;
  }
  const { hub, url } = await findFile(pinned, pip, rest);
  const present = (await sizeOf(`${target}.part`)) ?? 0;
  const bytes = file.size - present + room;
  await requireRoom("fetchPackage", { bytes, folder }, freeBytes);
  const told = (done: number) => onProgress?.(file, done);
  await download({ ...file, url, target, onProgress: told }, hub);
  return target;
}

/** Where the file is, and how that place is asked. */
async function findFile(
  pinned: PinnedPackage,
  { indexes, passedOver }: PipSettings,
  settings: Omit<Hub, "endpoint">,
): Promise<{ readonly url: string; readonly hub: Hub }> {
  const reasons = passedOver.map((url) => `${shown(url)}: not read here`);
  for (const index of indexes) {
    const asking = askingOf(index, settings);
    try {
      const files = await filesOfPackage(pinned.name, asking);
      const { url } = chosen(pinned, files);
      const isOwn = new URL(url).origin === new URL(asking.url).origin;
      return { url, hub: isOwn ? asking.hub : asking.plain };
    } catch (error) {
      settings.signal?.throwIfAborted();
      reasons.push(`${asking.url}: ${(error as Error).message}`);
    }
  }
  const { file, name, version } = pinned;
  throw new Error(
    `fetchPackage: expected ${file} of ${name} ${version} at an index, got\n` +
      reasons.map((reason) => `  ${reason}`).join("\n"),
  );
}

function chosen(
  { file, sha256 }: PinnedPackage,
  files: readonly IndexedFile[],
): IndexedFile {
  const found = files.find(({ name }) => name === file);
  if (!found) {
    const names = files.map(({ name }) => name).join(", ");
    throw new Error(
      `expected ${file}, got ${shown(names, 1000) || "no file"}; ` +
        "the package has other versions than this kit knows",
    );
  }
  if (found.sha256 === undefined || found.sha256 === sha256) return found;
  throw new Error(
    `expected sha256 ${sha256} of ${file}, got ${shown(found.sha256)}: ` +
      "another file under the same name",
  );
}
