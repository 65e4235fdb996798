/** What is made ahead of those who ask for it, in order. */
export interface LookAhead<Made> {
  /**
   * What is made at a place, and begins what follows it.
   *
   * A fault in the making waits until its place is asked for. Places need not
   * follow one another; what was made for others is then made anew.
   */
  at(place: number): Promise<Made>;
  /** Ends the waiting of who asks, now and later, with this reason. */
  stop(reason: unknown): void;
}

/**
 * Looks ahead by some places, at most up to an end.
 *
 * @param make - called in the order of places
 */
export function openLookAhead<Made>(
  make: (place: number) => Promise<Made>,
  { ahead, end }: { readonly ahead: number; readonly end: number },
): LookAhead<Made> {
  const begun = new Map<number, Promise<Made>>();
  // Not Promise.race: the promise that ends them all would hold all results.
  const waiting = new Set<(reason: unknown) => void>();
  let stopped: { readonly reason: unknown } | undefined;

  const begin = (from: number) => {
    const last = Math.min(from + ahead, Math.max(from, end - 1));
    for (const place of begun.keys()) {
      if (place < from || place > last) begun.delete(place);
    }
    for (let place = from; place <= last; place++) {
      if (begun.has(place)) continue;
      const making = make(place);
      making.catch(() => {}); // heard at its place
      begun.set(place, making);
    }
  };
  return {
    at: (place) =>
      new Promise<Made>((resolve, reject) => {
        if (stopped) {
          reject(stopped.reason);
          return;
        }
        begin(place);
        const making = begun.get(place)!;
        begun.delete(place);
        waiting.add(reject);
        const settled = () => waiting.delete(reject);
        making.finally(settled).then(resolve, reject);
      }),
    stop: (reason) => {
      stopped ??= { reason };
      begun.clear();
      for (const end of waiting) end(reason);
    },
  };
}
