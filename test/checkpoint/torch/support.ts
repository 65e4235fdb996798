export type Parts = readonly (string | number)[];

/** A pickle of these instructions; strings stand for their characters. */
export function pickle(...parts: Parts): Uint8Array {
  return Buffer.concat(
    parts
      .map((part) =>
        typeof part === "string" ? Buffer.from(part, "latin1") : [part],
      )
      .map((part) => Uint8Array.from(part)),
  );
}

const int = (n: number): Parts => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(n);
  return ["J", ...bytes];
};

const word = (text: string): Parts => [0x8c, text.length, text];

export interface Written {
  readonly storage?: string;
  readonly count?: number;
  readonly offset?: number;
  readonly shape?: readonly number[];
  readonly strides?: readonly number[];
  /** Bits that change what the numbers mean. */
  readonly bits?: readonly string[];
}

/** Instructions that leave a tensor of data/0 on the stack. */
export function tensor({
  storage = "FloatStorage",
  count = 4,
  offset = 0,
  shape = [4],
  strides = [1],
  bits,
}: Written = {}): Parts {
  const ints = (numbers: readonly number[]) => [
    "(",
    ...numbers.flatMap(int),
    "t",
  ];
  const named = (bits ?? []).flatMap((bit) => [...word(bit), 0x88]);
  return [
    "ctorch._utils\n_rebuild_tensor_v2\n(",
    ...["(", ...word("storage"), `ctorch\n${storage}\n`, ...word("0")],
    ...[...word("cpu"), ...int(count), "tQ", ...int(offset)],
    ...[...ints(shape), ...ints(strides), 0x89, "}"],
    ...(bits ? ["}(", ...named, "u"] : []),
    "tR",
  ];
}

/** A dict with that one tensor, "x". */
export const dictOf = (written: Written): Uint8Array =>
  pickle("}", ...word("x"), ...tensor(written), "s.");
