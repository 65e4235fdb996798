import type { Spend } from "./budget.ts";

/** A name that a pickle asks for: `module.name`. */
export class Global {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** The fields of an `argparse.Namespace`: settings, as plain data. */
export class Namespace extends Map<Plain, Plain> {}

/** What a pickle can hold here: plain data, and what `Allowed` makes. */
export type Plain =
  | null
  | boolean
  | number
  | bigint
  | string
  | object
  | readonly Plain[]
  | Map<Plain, Plain>;

/** What a pickle may name and call; nothing else is ever looked up. */
export interface Allowed {
  /** Names that may occur. */
  has(name: string): boolean;
  /**
   * What calling a name gives; called only with names that may occur.
   *
   * @param spend - takes what is copied or looked through
   */
  call(name: string, args: readonly Plain[], spend: Spend): Plain;
  /** What a persistent id stands for. */
  load(id: Plain): Plain;
}

/** Where a pickle's machine stands. */
export interface Machine {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly allowed: Allowed;
  readonly spend: Spend;
  readonly memo: Plain[];
  /** Stacks that a mark set aside. */
  readonly marked: Plain[][];
  stack: Plain[];
  at: number;
  isDone: boolean;
}
