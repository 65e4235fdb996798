import type { Kind } from "../../bench/fuzz/kind.ts";

/** What a reader may do, by the words of its input. */
const deeds: Readonly<Record<string, () => string | undefined>> = {
  fine: () => undefined,
  other: () => "1 is 2",
  refuses: () => {
    throw new RangeError("read: expected a, got b");
  },
  stumbles: () => {
    throw new TypeError("undefined is not a function");
  },
  hangs: () => {
    for (;;);
  },
  aborts: () => process.abort(),
  exits: () => process.exit(3),
  // After its answer was made, but before it was given.
  "fails later": () => {
    setImmediate(() => {
      throw new Error("too late");
    });
    return undefined;
  },
  swallows: () => {
    const held: Uint8Array[] = [];
    const end = performance.now() + 3000;
    while (performance.now() < end) {
      if (held.length < 40) held.push(new Uint8Array(2 ** 25).fill(1));
    }
    return undefined;
  },
};

const bytesOf = (word: string) => new TextEncoder().encode(word);

/** Every deed in turn, with a fine one after each. */
const inTurn = Object.keys(deeds).flatMap((word) => [word, "fine"]);

export const kinds: readonly Kind[] = [
  {
    name: "deeds",
    seeds: () => inTurn.map((name) => ({ name, bytes: bytesOf(name) })),
    mutate: (_bytes, chance) =>
      bytesOf(chance.pick(["refuses!", "stumbles!", "fine!"])),
    judge: async ({ bytes }) =>
      deeds[new TextDecoder().decode(bytes).replace("!", "")](),
  },
];
