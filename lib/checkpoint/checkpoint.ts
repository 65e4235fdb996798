import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { openGguf } from "./gguf/gguf.ts";
import { isGguf } from "./gguf/header.ts";
import { type Checkpoint, openSafetensors } from "./safetensors.ts";
import { openSharded } from "./sharded.ts";
import { fileSource, readBytes } from "./source.ts";
import { isTorchFile, openTorch, type TorchOptions } from "./torch/torch.ts";

export type { StoredTensor } from "./numbers.ts";
export type { Checkpoint, TensorInfo } from "./safetensors.ts";

/** What a folder may hold, best first. */
const names = [
  "model.safetensors",
  "model.safetensors.index.json",
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
] as const;

/**
 * Opens a checkpoint by its file, its index, or the folder it lies in.
 *
 * Reads headers only. What a file is, its first bytes say, not its name.
 *
 * @param options - `part` names one of several things that a PyTorch file holds
 */
export async function openCheckpoint(
  path: string,
  options: TorchOptions = {},
): Promise<Checkpoint> {
  const { isFolder } = await look(path);
  if (isFolder) return openCheckpoint(await findIn(path), options);
  const open = (file: string) => openFile(file, options);
  return path.endsWith(".json") ? openSharded(path, open) : open(path);
}

async function openFile(
  path: string,
  options: TorchOptions,
): Promise<Checkpoint> {
  const source = await fileSource(path);
  try {
    const head = await readBytes(source, 0, Math.min(source.size, 16));
    if (isTorchFile(head)) return await openTorch(source, options);
    if (options.part === undefined) {
      return await (isGguf(head) ? openGguf(source) : openSafetensors(source));
    }
    throw new RangeError(
      `openCheckpoint: expected a PyTorch file for part "${options.part}", ` +
        `got another (${path}); only those have parts`,
    );
  } catch (cause) {
    await source.close();
    throw cause;
  }
}

async function look(path: string): Promise<{ isFolder: boolean }> {
  try {
    return { isFolder: (await stat(path)).isDirectory() };
  } catch (cause) {
    throw new Error(
      `openCheckpoint: expected a file or folder, got nothing at ${path}`,
      { cause },
    );
  }
}

async function findIn(folder: string): Promise<string> {
  const present = new Set(await readdir(folder));
  const found = names.find((name) => present.has(name));
  if (found) return join(folder, found);
  throw new Error(
    `openCheckpoint: expected ${names.join(" or ")} in ${folder}, ` +
      `got ${[...present].slice(0, 20).join(", ") || "an empty folder"}`,
  );
}
