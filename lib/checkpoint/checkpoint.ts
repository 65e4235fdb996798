import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { openGguf } from "./gguf/gguf.ts";
import { isGguf } from "./gguf/header.ts";
import { type Checkpoint, openSafetensors } from "./safetensors.ts";
import { openSharded } from "./sharded.ts";
import { fileSource, readBytes, type Source } from "./source.ts";
import { isTable, tableMark } from "./tensorflow/table.ts";
import { openTensorflow } from "./tensorflow/tensorflow.ts";
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
 * Reads headers only. What a file is, its first bytes say, or its last ones, not
 * its name; TensorFlow's files of numbers are known by that of their `.index`.
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
    return await openSource(source, {
      ...options,
      openShard: shardsBeside(path),
    });
  } catch (cause) {
    await source.close();
    throw cause;
  }
}

export interface SourceOptions extends TorchOptions {
  /** Opens a file of numbers that a TensorFlow index names, of so many. */
  readonly openShard: (shard: number, nShards: number) => Promise<Source>;
}

/** Opens a checkpoint by its bytes, wherever they are. */
export async function openSource(
  source: Source,
  { openShard, part }: SourceOptions,
): Promise<Checkpoint> {
  const head = await readBytes(source, 0, Math.min(source.size, 16));
  if (isTorchFile(head)) return openTorch(source, { part });
  if (part !== undefined) {
    throw new RangeError(
      `openCheckpoint: expected a PyTorch file for part "${part}", ` +
        `got another (${source.name}); only those have parts`,
    );
  }
  if (isGguf(head)) return openGguf(source);
  return (await endsAsTable(source))
    ? openTensorflow(source, openShard)
    : openSafetensors(source);
}

async function endsAsTable(source: Source): Promise<boolean> {
  const length = Math.min(source.size, tableMark.length);
  return isTable(await readBytes(source, source.size - length, length));
}

/** TensorFlow's files of numbers, named as their index is. */
function shardsBeside(path: string) {
  const five = (n: number) => `${n}`.padStart(5, "0");
  const stem = path.replace(/\.index$/, "");
  return (shard: number, nShards: number) =>
    fileSource(`${stem}.data-${five(shard)}-of-${five(nShards)}`);
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
  const indexes = [...present].filter((name) => name.endsWith(".index"));
  if (indexes.length === 1) return join(folder, indexes[0]);
  throw new Error(
    `openCheckpoint: expected ${names.join(" or ")}, or one .index, ` +
      `in ${folder}, ` +
      `got ${[...present].slice(0, 20).join(", ") || "an empty folder"}`,
  );
}
