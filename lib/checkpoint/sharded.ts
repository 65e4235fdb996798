import { basename, dirname, join } from "node:path";
import { type Json, parseStrictJson } from "./json.ts";
import { type Checkpoint, unknownTensor } from "./safetensors.ts";
import { fileSource, readBytes } from "./source.ts";

/** An index names one file for each tensor; a big model's has thousands. */
const maxIndex = 100_000_000; // bytes

/**
 * Opens a checkpoint cut into several files by its index,
 * `model.safetensors.index.json`.
 *
 * @param open - opens one of the files, which lie beside the index
 */
export async function openSharded(
  path: string,
  open: (path: string) => Promise<Checkpoint>,
): Promise<Checkpoint> {
  const fileOf = await readIndex(path);
  const shards = new Map<string, Checkpoint>();
  const close = async () => {
    for (const shard of shards.values()) await shard.close();
  };
  try {
    for (const file of new Set(fileOf.values())) {
      shards.set(file, await open(join(dirname(path), file)));
    }
    const tensors = collect(path, fileOf, shards);
    const read = async (name: string) => {
      const file = fileOf.get(name);
      if (file === undefined) throw unknownTensor("openSharded", name, path);
      return shards.get(file)!.read(name);
    };
    return { name: path, tensors, read, close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

async function readIndex(path: string): Promise<Map<string, string>> {
  const text = await readText(path);
  let index: Json;
  try {
    index = parseStrictJson(text, 4);
  } catch (cause) {
    throw new Error(
      `openSharded: expected an index in JSON (${path}): ` +
        (cause as Error).message,
      { cause },
    );
  }
  const map = index instanceof Map ? index.get("weight_map") : undefined;
  if (!(map instanceof Map)) {
    throw new TypeError(`openSharded: expected a weight_map (${path})`);
  }
  for (const [tensor, file] of map) {
    // A file of another folder is none of this checkpoint's business.
    const isPlain = typeof file === "string" && /^[\w][\w.-]*$/.test(file);
    if (!isPlain || file === basename(path)) {
      throw new RangeError(
        `openSharded: expected the name of a file beside the index, ` +
          `got ${JSON.stringify(file)} (tensor "${tensor}", ${path})`,
      );
    }
  }
  return map as Map<string, string>;
}

async function readText(path: string): Promise<string> {
  const source = await fileSource(path);
  try {
    if (source.size > maxIndex) {
      throw new RangeError(
        `openSharded: expected an index of at most ${maxIndex} bytes, ` +
          `got ${source.size} (${path})`,
      );
    }
    return new TextDecoder().decode(await readBytes(source, 0, source.size));
  } finally {
    await source.close();
  }
}

function collect(
  path: string,
  fileOf: ReadonlyMap<string, string>,
  shards: ReadonlyMap<string, Checkpoint>,
): Checkpoint["tensors"] {
  const missing: string[] = [];
  const tensors: [string, NonNullable<ReturnType<typeof found>>][] = [];
  const found = (name: string, file: string) =>
    shards.get(file)?.tensors.get(name);
  for (const [name, file] of fileOf) {
    const info = found(name, file);
    if (info) tensors.push([name, info]);
    else missing.push(`${name} in ${file}`);
  }
  if (missing.length > 0) {
    const shown = missing.slice(0, 100).join(", ");
    throw new RangeError(
      `openSharded: expected the tensors of ${path}, ` +
        `got files without ${missing.length} of them: ${shown}`,
    );
  }
  return new Map(tensors);
}
