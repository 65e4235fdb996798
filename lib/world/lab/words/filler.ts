import type { Random } from "../../../tensor/random.ts";

const words = {
  who: [
    ...["the baker", "a tall woman", "the old man", "my neighbour"],
    ...["the young painter", "a small boy", "the teacher", "her brother"],
  ],
  verb: [
    ...["buys", "carries", "finds", "forgets", "paints", "sells"],
    ...["washes", "wants", "opens", "repairs"],
  ],
  what: [
    ...["a red coat", "the wooden table", "some fresh bread", "an empty box"],
    ...["the broken window", "a yellow flower", "two heavy books", "a letter"],
  ],
  where: [
    ...["at the market", "near the river", "behind the house", "on the bridge"],
    ...["in the narrow street", "under the tree", "by the sea", "at home"],
  ],
  when: [
    ...["today", "in the morning", "every winter", "after lunch"],
    ...["before sunset", "last year", "once a month", "at noon"],
  ],
  why: [
    ...["because it is cold", "although nobody asked", "and then goes home"],
    ...["while the others wait", "so that all can eat", "as always"],
  ],
} as const;

/**
 * A sentence without any sound, so that a model's first layers learn what they
 * learn from ordinary text.
 */
export function fillerSentence(chance: Random): string {
  const { verb, what, when, where, who, why } = words;
  const core = [who, verb, what].map((some) => chance.pick<string>(some));
  const more = [where, when, why].flatMap((some) =>
    chance.uniform() < 0.5 ? [chance.pick<string>(some)] : [],
  );
  return `${[...core, ...more].join(" ")} .`;
}
