import { instruction, openBudget } from "./budget.ts";
import type { Allowed, Machine, Plain } from "./machine.ts";
import { opcodes } from "./opcodes.ts";

/** Room for a program of 30,000 tensors, in bytes. */
export const maxPickle = 1 << 25;

/**
 * Reads a pickle as plain data.
 *
 * A pickle is a program. This machine knows the instructions that build
 * numbers, strings, lists, tuples and dicts, and hands names to `allowed`,
 * which makes data of them or refuses. There is no way from here to a class or
 * a function of the running program. What it may cost is counted in work and
 * in bytes.
 */
export function readPickle(bytes: Uint8Array, allowed: Allowed): Plain {
  const machine: Machine = {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    allowed,
    spend: openBudget(),
    memo: [],
    marked: [],
    stack: [],
    at: 0,
    isDone: false,
  };
  while (!machine.isDone) {
    machine.spend(instruction.work, instruction.bytes);
    step(machine);
  }
  const [result] = machine.stack;
  if (machine.stack.length !== 1 || machine.marked.length > 0) {
    throw new RangeError(
      `readPickle: expected one value at the end, ` +
        `got ${machine.stack.length}`,
    );
  }
  return result;
}

function step(machine: Machine): void {
  const { at, bytes } = machine;
  if (at >= bytes.length) {
    throw new RangeError(
      `readPickle: expected the end mark, got the end of ${at} bytes; ` +
        `the file may be cut short`,
    );
  }
  const run = opcodes[bytes[at]];
  if (!run) {
    const code = `0x${bytes[at].toString(16).padStart(2, "0")}`;
    throw new RangeError(
      `readPickle: expected an instruction for plain data, got ${code} ` +
        `(at byte ${at})`,
    );
  }
  machine.at++;
  try {
    run(machine);
  } catch (cause) {
    // DataView's own words do not say what is wrong with the file.
    if (!(cause instanceof RangeError) || isOurs(cause)) throw cause;
    throw new RangeError(
      `readPickle: expected more bytes for the instruction at ${at}, ` +
        `got the end of ${bytes.length}; the file may be cut short`,
      { cause },
    );
  }
}

function isOurs({ message }: RangeError): boolean {
  return /^\w+: expected/.test(message);
}
