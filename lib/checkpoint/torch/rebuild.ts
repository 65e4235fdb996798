import type { Dtype } from "../numbers.ts";
import { emptyDict, type Spend, setEntry } from "./budget.ts";
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
  /** Whether the numbers are those stored with the other sign. */
  readonly isNegative: boolean;
  constructor(
    storage: TorchStorage,
    place: Pick<TorchTensor, "offset" | "shape" | "strides" | "isNegative">,
  ) {
    this.storage = storage;
    this.offset = place.offset;
    this.shape = place.shape;
    this.strides = place.strides;
    this.isNegative = place.isNegative;
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
const makers: Readonly<
  Record<string, (args: readonly Plain[], spend: Spend) => Plain>
> = {
  "collections.OrderedDict": ([pairs], spend) => dictOf(pairs ?? [], spend),
  "argparse.Namespace": (_args, spend) => {
    spend(0, emptyDict);
    return new Namespace();
  },
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
  call: (name, args, spend) => {
    if (Object.hasOwn(makers, name)) return makers[name](args, spend) ?? null;
    throw new TypeError(`allowTorch: expected a maker to call, got "${name}"`);
  },
  load: storageOf,
};

function dictOf(pairs: Plain, spend: Spend): Map<Plain, Plain> {
  spend(0, emptyDict);
  const dict = new Map<Plain, Plain>();
  for (const pair of Array.isArray(pairs) ? pairs : [pairs]) {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new TypeError(
        "allowTorch: expected pairs for an OrderedDict, got others",
      );
    }
    setEntry(dict, [pair[0], pair[1]], spend);
  }
  return dict;
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

/**
 * Arguments: storage, offset, shape, strides, two that only training uses, and
 * bits that change what the numbers mean.
 */
function tensorOf(args: readonly Plain[]): TorchTensor {
  const [storage, offset, shape, strides, , , bits] = args;
  const isPlace =
    isCount(offset) &&
    areCounts(shape) &&
    areCounts(strides) &&
    shape.length === strides.length;
  if (!isStorage(storage) || !isPlace) {
    throw new RangeError(
      "allowTorch: expected a tensor's storage, offset, shape and strides, " +
        "got others",
    );
  }
  const isNegative = hasNegativeBit(bits, storage);
  return new TorchTensor(storage, { offset, shape, strides, isNegative });
}

const fractions: readonly Dtype[] = ["F64", "F32", "F16", "BF16"];

/**
 * PyTorch negates and conjugates by a bit where it can: `z.conj().imag` is the
 * imaginary parts and the negative bit. That a bit is named sets it, whatever
 * its value.
 */
function hasNegativeBit(bits: Plain | undefined, { dtype }: TorchStorage) {
  if (bits === undefined || bits === null) return false;
  const names = bits instanceof Map ? [...bits.keys()] : [bits];
  if (names.length === 0) return false;
  const isKnown = names.length === 1 && names[0] === "neg";
  if (isKnown && fractions.includes(dtype)) return true;
  const got = names.map((name) => (typeof name === "string" ? name : "other"));
  throw new RangeError(
    `allowTorch: expected no bit, or the bit "neg" on fractions, got ` +
      `"${got.slice(0, 4).join(", ").slice(0, 80)}" on ${dtype}; save the ` +
      "tensors anew after resolve_conj() and resolve_neg()",
  );
}

function isCount(value: Plain | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Of a shape or its strides; length first, for a file may name it often. */
function areCounts(value: Plain): value is readonly number[] {
  return Array.isArray(value) && value.length <= 16 && value.every(isCount);
}
