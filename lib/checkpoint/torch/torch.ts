import { bytesOf, readNumbers } from "../numbers.ts";
import {
  type Checkpoint,
  sizeOf,
  type TensorInfo,
  unknownTensor,
} from "../safetensors.ts";
import { readBytes, type Source } from "../source.ts";
import { Namespace, type Plain } from "./machine.ts";
import { maxPickle, readPickle } from "./pickle.ts";
import { allowTorch, isTorchTensor, type TorchTensor } from "./rebuild.ts";
import { locate, readZip, type ZipEntry } from "./zip.ts";

/** First bytes of PyTorch's format before 1.6: a pickled magic number. */
const legacy = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20];

/** First bytes of a zip archive; two of them may begin a safetensors file. */
const zipMark = [0x50, 0x4b, 0x03, 0x04];

/** Keys under which training programs keep the tensors of the model. */
const insides = ["state_dict", "model", "model_state_dict", "module"];

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
 * one, such as running averages, are passed over.
 */
export async function openTorch(source: Source): Promise<Checkpoint> {
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
  const root = readPickle(program, allowTorch);
  const tensors = tensorsOf(root, source);
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

/** Named tensors of a dict, or of the dict inside it that holds the model. */
function tensorsOf(root: Plain, { name }: Source): Map<string, TorchTensor> {
  const isDict = (value: unknown): value is Map<Plain, Plain> =>
    value instanceof Map && !(value instanceof Namespace);
  const dict = isDict(root) ? root : new Map<Plain, Plain>();
  const inside = insides.map((key) => dict.get(key)).find(isDict);
  const found = new Map<string, TorchTensor>();
  for (const [key, value] of inside ?? dict) {
    if (typeof key === "string" && isTorchTensor(value)) found.set(key, value);
  }
  if (found.size > 0) return found;
  const keys = [...dict.keys()].filter((key) => typeof key === "string");
  throw new RangeError(
    `openTorch: expected a dict of tensors, or one under ` +
      `${insides.join(", ")}, got ` +
      `${isDict(root) ? `keys ${keys.slice(0, 20).join(", ")}` : "no dict"} ` +
      `(${name})`,
  );
}

/** Numbers of a tensor; what is not in order in the file is gathered. */
async function readTensor(
  source: Source,
  at: number,
  { offset, shape, storage: { count, dtype }, strides }: TorchTensor,
) {
  const size = sizeOf(shape);
  const last = shape.reduce((sum, n, i) => sum + (n - 1) * strides[i], offset);
  if (size > 0 && (last >= count || size > count)) {
    throw new RangeError(
      `openTorch: expected numbers within ${count} stored ones, each used ` +
        `at most once, got shape [${shape}], strides [${strides}], offset ` +
        `${offset} (${source.name})`,
    );
  }
  const span = size === 0 ? 0 : last + 1 - offset;
  const from = at + offset * bytesOf(dtype);
  const read = (length: number) =>
    readNumbers(source, { dtype, at: from, count: length });
  if (isInOrder(shape, strides)) return { shape, values: await read(size) };
  return { shape, values: gather(await read(span), shape, strides) };
}

function isInOrder(
  shape: readonly number[],
  strides: readonly number[],
): boolean {
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== step) return false;
    step *= shape[i];
  }
  return true;
}

/** The numbers row by row, wherever the strides lead. */
function gather<V extends Float32Array | Int32Array>(
  stored: V,
  shape: readonly number[],
  strides: readonly number[],
): V {
  const out = stored.slice(0, sizeOf(shape)) as V;
  const index = shape.map(() => 0);
  let from = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = stored[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}
