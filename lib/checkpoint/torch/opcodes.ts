import { isUtf8 } from "node:buffer";
import { emptyDict, setEntry } from "./budget.ts";
import { Global, type Machine, Namespace, type Plain } from "./machine.ts";

type Run = (machine: Machine) => void;

/** Values on the stack since the last mark. */
function sinceMark(machine: Machine): Plain[] {
  const items = machine.stack;
  const below = machine.marked.pop();
  if (!below) throw new RangeError("readPickle: expected a mark, got none");
  machine.stack = below;
  return items;
}

function pop(machine: Machine): Plain {
  const value = machine.stack.pop();
  if (value === undefined) {
    throw new RangeError("readPickle: expected a value, got an empty stack");
  }
  return value;
}

function top(machine: Machine): Plain {
  const value = pop(machine);
  machine.stack.push(value);
  return value;
}

const push = (make: (machine: Machine) => Plain): Run => {
  return (machine) => {
    const value = make(machine);
    machine.stack.push(value);
  };
};

/** Moves on by `length` bytes and tells where they began. */
function take(machine: Machine, length: number): number {
  const from = machine.at;
  if (from + length > machine.bytes.length) {
    throw new RangeError(
      `readPickle: expected ${length} bytes at ${from}, got ` +
        `${machine.bytes.length - from}; the file may be cut short`,
    );
  }
  machine.at += length;
  return from;
}

const u8 = (m: Machine) => m.view.getUint8(take(m, 1));
const u16 = (m: Machine) => m.view.getUint16(take(m, 2), true);
const u32 = (m: Machine) => m.view.getUint32(take(m, 4), true);
const i32 = (m: Machine) => m.view.getInt32(take(m, 4), true);
const f64 = (m: Machine) => m.view.getFloat64(take(m, 8), false);
const u64 = (m: Machine) => Number(m.view.getBigUint64(take(m, 8), true));

/** A mark of byte order is a part of a name like any other. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function text(machine: Machine, length: number): string {
  const from = take(machine, length);
  machine.spend(length >> 3, 2 * length);
  return decoder.decode(machine.bytes.subarray(from, from + length));
}

/** Text that must be whole: two broken names could become one. */
function unicode(machine: Machine, length: number): string {
  const { at: from, bytes } = machine;
  const found = text(machine, length);
  if (isUtf8(bytes.subarray(from, machine.at))) return found;
  throw new RangeError(
    `readPickle: expected text in UTF-8, got other bytes (at byte ${from})`,
  );
}

function line(machine: Machine): string {
  const end = machine.bytes.indexOf(10, machine.at);
  const from = machine.at;
  return text(machine, end < 0 ? Infinity : end + 1 - from).slice(0, -1);
}

/** A whole number of any length, lowest byte first. */
function long(machine: Machine, length: number): number | bigint {
  if (length > 64) {
    throw new RangeError(
      `readPickle: expected a number of at most 64 bytes, got ${length}`,
    );
  }
  const from = take(machine, length);
  let value = 0n;
  for (let i = length - 1; i >= 0; i--) {
    value = (value << 8n) | BigInt(machine.bytes[from + i]);
  }
  value = BigInt.asIntN(8 * length, value);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function named(machine: Machine, name: string): Global {
  if (machine.allowed.has(name)) return new Global(name);
  throw new TypeError(
    `readPickle: expected tensors and plain data, got ` +
      `"${name.slice(0, 200)}", which is refused; save the tensors anew with ` +
      `safetensors`,
  );
}

function setEntries(
  { spend }: Machine,
  items: readonly Plain[],
  onto: Plain,
): void {
  if (!(onto instanceof Map) || items.length % 2 !== 0) {
    throw new RangeError("readPickle: expected pairs for a dict, got others");
  }
  for (let i = 0; i < items.length; i += 2) {
    setEntry(onto, [items[i], items[i + 1]], spend);
  }
}

function append(items: readonly Plain[], onto: Plain): void {
  if (!Array.isArray(onto)) {
    throw new RangeError("readPickle: expected a list to add to, got another");
  }
  for (const item of items) onto.push(item);
}

const call: Run = (machine) => {
  const args = pop(machine);
  const callee = pop(machine);
  if (!(callee instanceof Global) || !Array.isArray(args)) {
    throw new TypeError(
      "readPickle: expected a call of a known name, got another",
    );
  }
  const { allowed, spend } = machine;
  machine.stack.push(allowed.call(callee.name, args, spend));
};

/**
 * Settings take their fields; what a dict has besides entries is dropped, and
 * so is all of what is not read. A tensor would become another: refused.
 */
const build: Run = (machine) => {
  const state = pop(machine);
  const onto = top(machine);
  if (onto instanceof Namespace && state instanceof Map) {
    for (const field of state) setEntry(onto, field, machine.spend);
    return;
  }
  const isDict = onto instanceof Map && !(onto instanceof Namespace);
  if (isDict || onto === null) return;
  throw new TypeError(
    "readPickle: expected settings or a dict to build, got another; save the " +
      "tensors anew with safetensors",
  );
};

const get = (at: (machine: Machine) => number) =>
  push((machine) => {
    const index = at(machine);
    const value = machine.memo[index];
    if (value !== undefined) return value;
    throw new RangeError(`readPickle: expected memo ${index}, got none`);
  });

const put = (at: (machine: Machine) => number): Run => {
  return (machine) => {
    const { memo } = machine;
    const index = at(machine);
    if (index > memo.length) {
      throw new RangeError(
        `readPickle: expected memo 0 to ${memo.length}, got ${index}`,
      );
    }
    memo[index] = top(machine);
  };
};

const tuple = (length: number): Run => {
  return (machine) => {
    const items: Plain[] = [];
    for (let i = 0; i < length; i++) items.unshift(pop(machine));
    machine.stack.push(items);
  };
};

const table: Readonly<Record<string, Run>> = {
  // Program: protocol, frame, end.
  "\x80": (m) => void u8(m),
  "\x95": (m) => void take(m, 8),
  ".": (m) => {
    m.isDone = true;
  },
  // Stack and memo.
  "(": (m) => {
    m.marked.push(m.stack);
    m.stack = [];
  },
  "0": (m) => void pop(m),
  "1": (m) => void sinceMark(m),
  "2": push(top),
  h: get(u8),
  j: get(u32),
  q: put(u8),
  r: put(u32),
  "\x94": put((m) => m.memo.length),
  // Plain values.
  N: push(() => null),
  "\x88": push(() => true),
  "\x89": push(() => false),
  J: push(i32),
  K: push(u8),
  M: push(u16),
  "\x8a": push((m) => long(m, u8(m))),
  "\x8b": push((m) => long(m, u32(m))),
  G: push(f64),
  X: push((m) => unicode(m, u32(m))),
  "\x8c": push((m) => unicode(m, u8(m))),
  "\x8d": push((m) => unicode(m, u64(m))),
  // Old strings of bytes; PyTorch writes none, Python 2 did.
  U: push((m) => text(m, u8(m))),
  T: push((m) => text(m, u32(m))),
  // Lists, tuples, dicts.
  "]": push(() => []),
  l: push(sinceMark),
  a: (m) => append([pop(m)], top(m)),
  e: (m) => append(sinceMark(m), top(m)),
  ")": push(() => []),
  "\x85": tuple(1),
  "\x86": tuple(2),
  "\x87": tuple(3),
  t: push(sinceMark),
  "}": push((m) => {
    m.spend(0, emptyDict);
    return new Map();
  }),
  s: (m) => {
    const value = pop(m);
    setEntries(m, [pop(m), value], top(m));
  },
  u: (m) => setEntries(m, sinceMark(m), top(m)),
  // Names: looked up in a list, never in the program.
  c: push((m) => named(m, `${line(m)}.${line(m)}`)),
  "\x93": push((m) => {
    const name = pop(m);
    const module = pop(m);
    if (typeof name === "string" && typeof module === "string") {
      return named(m, `${module}.${name}`);
    }
    throw new TypeError("readPickle: expected a name in strings, got others");
  }),
  Q: push((m) => m.allowed.load(pop(m))),
  R: call,
  "\x81": call,
  b: build,
};

/** What each byte does; most do nothing, and are refused. */
export const opcodes: readonly (Run | undefined)[] = Array.from(
  { length: 256 },
  (_, code) => table[String.fromCharCode(code)],
);
