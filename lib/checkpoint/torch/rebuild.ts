import type { Dtype } from "../numbers.ts";
import { type Allowed, Namespace, type Plain } from "./machine.ts";

/** One file of numbers in the archive; several tensors may share it. */
export interface TorchStorage {
  readonly key: string;
  readonly dtype: Dtype;
  readonly count: number;
}

/** Which numbers of a storage a tensor is made of. */
export class TorchTensor {
  readonly storage: TorchStorage;
  readonly offset: number; // numbers
  readonly shape: readonly number[];
  readonly strides: readonly number[]; // numbers
  constructor(
    storage: TorchStorage,
    place: Pick<TorchTensor, "offset" | "shape" | "strides">,
  ) {
    this.storage = storage;
    this.offset = place.offset;
    this.shape = place.shape;
    this.strides = place.strides;
  }
}

export function isTorchTensor(value: Plain | undefined): value is TorchTensor {
  return value instanceof TorchTensor;
}

/** Storages that a persistent id may name, and what they hold. */
const storages: Readonly<Record<string, Dtype>> = {
  "torch.DoubleStorage": "F64",
  "torch.FloatStorage": "F32",
  "torch.HalfStorage": "F16",
  "torch.BFloat16Storage": "BF16",
  "torch.LongStorage": "I64",
  "torch.IntStorage": "I32",
  "torch.ShortStorage": "I16",
  "torch.CharStorage": "I8",
  "torch.ByteStorage": "U8",
  "torch.BoolStorage": "BOOL",
};

/** Types of number, which settings mention; they are kept as names. */
const dtypes = new Set(
  (
    "float64 double float32 float float16 half bfloat16 int64 long int32 int " +
    "int16 short int8 uint8 bool"
  )
    .split(" ")
    .map((name) => `torch.${name}`),
);

/** What each name that may be called makes of its arguments. */
const makers: Readonly<Record<string, (args: readonly Plain[]) => Plain>> = {
  "collections.OrderedDict": ([pairs]) => dictOf(pairs ?? []),
  "argparse.Namespace": () => new Namespace(),
  "torch.Size": ([sizes]) => sizes,
  "torch._utils._rebuild_tensor_v2": tensorOf,
  "torch._utils._rebuild_parameter": ([tensor]) => tensor,
  // A loss that numpy kept, among the notes on the training: not read.
  "_codecs.encode": () => null,
  "numpy.dtype": () => null,
  "numpy.core.multiarray.scalar": () => null,
  "numpy._core.multiarray.scalar": () => null,
};

/** The names of a checkpoint; everything else is refused. */
export const allowTorch: Allowed = {
  has: (name) =>
    Object.hasOwn(makers, name) ||
    Object.hasOwn(storages, name) ||
    dtypes.has(name),
  call: (name, args) => {
    if (Object.hasOwn(makers, name)) return makers[name](args) ?? null;
    throw new TypeError(`allowTorch: expected a maker to call, got "${name}"`);
  },
  load: storageOf,
};

function dictOf(pairs: Plain): Map<Plain, Plain> {
  const isPair = (pair: Plain): pair is [Plain, Plain] =>
    Array.isArray(pair) && pair.length === 2;
  if (Array.isArray(pairs) && pairs.every(isPair)) return new Map(pairs);
  throw new TypeError("allowTorch: expected pairs for an OrderedDict");
}

/** Persistent id: ("storage", type, key, device, count). */
function storageOf(id: Plain): TorchStorage {
  const [kind, type, key, , count] = Array.isArray(id) ? id : [];
  const name = (type as { name?: unknown } | undefined)?.name;
  const isKnown = typeof name === "string" && Object.hasOwn(storages, name);
  const isPlain = typeof key === "string" && /^\d{1,15}$/.test(key);
  if (kind !== "storage" || !isKnown || !isPlain || !isCount(count)) {
    throw new RangeError(
      `allowTorch: expected a storage of numbers, got ` +
        `${isKnown ? name : "another"} (key ${isPlain ? key : "unknown"})`,
    );
  }
  return { key, dtype: storages[name], count };
}

function isStorage(value: Plain): value is TorchStorage {
  return typeof value === "object" && value !== null && "key" in value;
}

/** Arguments: storage, offset, shape, strides, and what only training uses. */
function tensorOf(args: readonly Plain[]): TorchTensor {
  const [storage, offset, shape, strides] = args;
  const isPlace =
    isCount(offset) &&
    areCounts(shape) &&
    areCounts(strides) &&
    shape.length === strides.length &&
    shape.length <= 16;
  if (!isStorage(storage) || !isPlace) {
    throw new RangeError(
      "allowTorch: expected a tensor's storage, offset, shape and strides, " +
        "got others",
    );
  }
  return new TorchTensor(storage, { offset, shape, strides });
}

function isCount(value: Plain | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function areCounts(value: Plain): value is readonly number[] {
  return Array.isArray(value) && value.every(isCount);
}
