/** Takes what something costs from what a pickle may cost in all. */
export type Spend = (work: number, bytes: number) => void;

/** Some ten nanoseconds each: the whole is a second. */
const mostWork = 1 << 26;
/** Room for all that a pickle of 30,000 tensors makes, eight times. */
const mostBytes = 1 << 28;

/** What an instruction costs at most, besides what its own line says. */
export const instruction = { work: 8, bytes: 32 } as const;
/** What an empty dict takes. */
export const emptyDict = 224; // bytes
const entry = { work: 16, bytes: 48 } as const;

/**
 * Work and bytes that a pickle may cost.
 *
 * Instructions alone say little: one may copy a list of a million values, and
 * two bytes name it again.
 */
export function openBudget(): Spend {
  let [workSpent, bytesSpent] = [0, 0];
  return (work, bytes) => {
    workSpent += work;
    bytesSpent += bytes;
    if (workSpent <= mostWork && bytesSpent <= mostBytes) return;
    const [most, what] =
      workSpent > mostWork
        ? [mostWork, "units of work"]
        : [mostBytes, "bytes of values"];
    throw new RangeError(
      `readPickle: expected at most ${most} ${what}, got more; ` +
        "save the tensors alone",
    );
  };
}

/** Sets an entry of a dict, and pays for it. */
export function setEntry<K, V>(
  dict: Map<K, V>,
  [key, value]: readonly [K, V],
  spend: Spend,
): void {
  // Numbers are hashed without a secret: a file can make all of them collide.
  const isGuessed = typeof key === "number" || typeof key === "bigint";
  spend(entry.work + (isGuessed ? dict.size >> 2 : 0), entry.bytes);
  dict.set(key, value);
}
