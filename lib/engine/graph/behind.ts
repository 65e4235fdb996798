/** The native id of what must be there before what runs now. */
let awaited: number | undefined;

/**
 * Runs `make`; where its operations are recorded, none of them runs before the
 * tensor of this id is there, and XLA leaves them alone: it keeps no order.
 */
export function behind<T>(id: number, make: () => T): T {
  const before = awaited;
  awaited = id;
  try {
    return make();
  } finally {
    awaited = before;
  }
}

/** What an operation recorded now has to wait for, if anything. */
export function awaitedId(): number | undefined {
  return awaited;
}
