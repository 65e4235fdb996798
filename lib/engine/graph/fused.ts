let depth = 0;

/**
 * Runs `make`; where its operations are recorded, XLA compiles them into few
 * passes over memory, whatever the rest of the graph does.
 *
 * For long chains of element-wise operations over vectors that no cache holds.
 * It costs a second or two for each trace.
 */
export function fused<T>(make: () => T): T {
  depth++;
  try {
    return make();
  } finally {
    depth--;
  }
}

/** Whether what runs now is to be fused. */
export function isFused(): boolean {
  return depth > 0;
}
