import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Checkpoint, openSafetensors } from "./safetensors.ts";
import { openSharded } from "./sharded.ts";
import { fileSource, readBytes } from "./source.ts";
import { isTorchFile, openTorch } from "./torch/torch.ts";

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
 */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  const { isFolder } = await look(path);
  if (isFolder) return openCheckpoint(await findIn(path));
  if (path.endsWith(".json")) return openSharded(path, openFile);
  return openFile(path);
}

async function openFile(path: string): Promise<Checkpoint> {
  const source = await fileSource(path);
  try {
    const head = await readBytes(source, 0, Math.min(source.size, 16));
    return await (isTorchFile(head)
      ? openTorch(source)
      : openSafetensors(source));
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
