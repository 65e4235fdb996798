import { bytesOf } from "../numbers.ts";
import {
  type Checkpoint,
  type TensorInfo,
  unknownTensor,
} from "../safetensors.ts";
import { readBytes, type Source } from "../source.ts";
import type { Plain } from "./machine.ts";
import { tensorsOf } from "./parts.ts";
import { maxPickle, readPickle } from "./pickle.ts";
import { checkTotal, readTensor } from "./read-tensor.ts";
import { allowTorch, type TorchTensor } from "./rebuild.ts";
import { locate, readZip, type ZipEntry } from "./zip.ts";

/** First bytes of PyTorch's format before 1.6: a pickled magic number. */
const legacy = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20];

/** First bytes of a zip archive; two of them may begin a safetensors file. */
const zipMark = [0x50, 0x4b, 0x03, 0x04];

/** What of a file is opened. */
export interface TorchOptions {
  /**
   * Which of the values that the file holds beside each other: a key of its
   * dict, or a place in its tuple, "0". The dict of tensors unless given.
   */
  readonly part?: string | undefined;
}

/** Whether a file that starts like this was written by `torch.save`. */
export function isTorchFile(head: Uint8Array): boolean {
  const startsWith = (mark: readonly number[]) =>
    mark.every((byte, i) => head[i] === byte);
  return startsWith(zipMark) || startsWith(legacy);
}

/**
 * Opens a `torch.save` file: a zip archive with a pickle and the numbers.
 *
 * The pickle is read as data; nothing of it runs. Tensors come from the dict
 * that the file holds, or from its `state_dict` or `model`; dicts inside that
 * one, such as running averages, are passed over. Tensors that share or repeat
 * stored numbers, as views and `expand` do, come whole.
 */
export async function openTorch(
  source: Source,
  { part }: TorchOptions = {},
): Promise<Checkpoint> {
  const head = await readBytes(source, 0, Math.min(source.size, 16));
  if (legacy.every((byte, i) => head[i] === byte)) {
    throw new Error(
      `openTorch: expected a zip archive, got the format before PyTorch 1.6 ` +
        `(${source.name}); load and torch.save it anew`,
    );
  }
  const files = await readZip(source);
  const { folder, program } = await readProgram(source, files);
  await checkByteOrder(source, files.get(`${folder}byteorder`));
  const root = readRoot(program, source);
  const tensors = tensorsOf(root, { name: source.name, part });
  checkTotal(tensors, source);
  const entries = entriesOf(tensors, { files, folder, source });
  return {
    name: source.name,
    tensors: new Map(
      [...tensors].map(([name, { shape, storage }]): [string, TensorInfo] => [
        name,
        { shape, dtype: storage.dtype },
      ]),
    ),
    close: source.close,
    read: async (name) => {
      const tensor = tensors.get(name);
      if (!tensor) throw unknownTensor("openTorch", name, source.name);
      const at = await locate(source, entries.get(name)!);
      return readTensor(source, at, tensor);
    },
  };
}

/** What the pickle holds; an error says which file's it is. */
function readRoot(program: Uint8Array, { name }: Source): Plain {
  try {
    return readPickle(program, allowTorch);
  } catch (cause) {
    const Kind = cause instanceof TypeError ? TypeError : RangeError;
    throw new Kind(`${(cause as Error).message} (${name})`, { cause });
  }
}

/** The file of each tensor's storage, which must be as long as it says. */
function entriesOf(
  tensors: ReadonlyMap<string, TorchTensor>,
  {
    files,
    folder,
    source,
  }: {
    readonly files: ReadonlyMap<string, ZipEntry>;
    readonly folder: string;
    readonly source: Source;
  },
): Map<string, ZipEntry> {
  const entries = new Map<string, ZipEntry>();
  for (const [name, { storage }] of tensors) {
    const file = files.get(`${folder}data/${storage.key}`);
    const bytes = storage.count * bytesOf(storage.dtype);
    if (!file || file.size < bytes) {
      throw new RangeError(
        `openTorch: expected ${bytes} bytes in data/${storage.key}, got ` +
          `${file ? file.size : "no such file"} (tensor "${name}", ` +
          `${source.name})`,
      );
    }
    entries.set(name, file);
  }
  return entries;
}

/** The archive's one folder has a name of its own. */
async function readProgram(
  source: Source,
  files: ReadonlyMap<string, ZipEntry>,
) {
  const name = [...files.keys()].find((file) =>
    /^[^/]*\/data\.pkl$/.test(file),
  );
  const entry = name === undefined ? undefined : files.get(name);
  if (name === undefined || !entry || entry.size > maxPickle) {
    throw new RangeError(
      `openTorch: expected a data.pkl of at most ${maxPickle} bytes, got ` +
        `${entry ? `${entry.size} bytes` : "none"} (${source.name})`,
    );
  }
  const at = await locate(source, entry);
  const program = await readBytes(source, at, entry.size);
  return { folder: name.slice(0, -"data.pkl".length), program };
}

async function checkByteOrder(
  source: Source,
  entry: ZipEntry | undefined,
): Promise<void> {
  if (!entry) return;
  const at = await locate(source, entry);
  const bytes = await readBytes(source, at, Math.min(entry.size, 16));
  const order = new TextDecoder().decode(bytes);
  if (order !== "little") {
    throw new Error(
      `openTorch: expected little-endian numbers, got "${order}" ` +
        `(${source.name})`,
    );
  }
}
