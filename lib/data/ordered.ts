import type { Example } from "./example.ts";
import { permutation } from "./permutation.ts";
import { checkPlace, type ExampleSource } from "./source.ts";

/** Examples by their row, wherever they lie. */
export interface Rows {
  readonly length: number;
  /** The examples of these rows, in the order asked for. */
  read(rows: readonly number[]): Promise<readonly Example[]>;
  /**
   * How long their texts are, in any one unit; default the characters of
   * question and answer, for which the rows are read.
   */
  lengths?(rows: readonly number[]): Promise<readonly number[]>;
}

/** Rows of about one length side by side, so that batches hold less filling. */
export interface Bucketing {
  /** Rows that are sorted by length: so far a row moves in the order. */
  readonly window: number;
  /** Rows that stay together: a micro-batch, or a batch. */
  readonly together: number;
}

export interface OrderOptions {
  readonly seed: number;
  /** Default none: the order is chance alone. Not in the paper. */
  readonly bucketing?: Bucketing;
}

/**
 * Windows of 50 batches, as transformers' `group_by_length`, which LTU's
 * trainer uses; not in the paper.
 */
export const lengthGroups = (batchSize: number): Bucketing => ({
  window: 50 * batchSize,
  together: batchSize,
});

/**
 * Rows again and again, every one once an epoch, each epoch in another order.
 *
 * The order follows from seed and epoch and is computed place by place, so
 * that millions of rows need no list, and a run goes on where it stood. With
 * `bucketing` only a window's rows are held.
 */
export function orderedSource(
  rows: Rows,
  { bucketing, seed }: OrderOptions,
): ExampleSource {
  const { length } = rows;
  if (!(Number.isSafeInteger(length) && length > 0)) {
    throw new RangeError(`orderedSource: expected rows, got ${length}`);
  }
  const orderOf = latest((epoch: number) =>
    permutation(length, "examples", seed, epoch),
  );
  const rowsAt = bucketing
    ? bucketed(rows, { bucketing, seed, orderOf })
    : async (epoch: number, from: number, to: number) =>
        range(from, to).map(orderOf(epoch));
  return {
    take: async (from, count) => {
      checkPlace("take", from, count);
      const wanted: number[] = [];
      for (let at = from; at < from + count; ) {
        const epoch = Math.floor(at / length);
        const end = Math.min(from + count, (epoch + 1) * length);
        const first = at - epoch * length;
        wanted.push(...(await rowsAt(epoch, first, first + end - at)));
        at = end;
      }
      return rows.read(wanted);
    },
  };
}

type Order = (place: number) => number;

/** The order within windows: by length, whole groups then in a random order. */
function bucketed(
  rows: Rows,
  {
    bucketing: { together, window },
    orderOf,
    seed,
  }: {
    readonly bucketing: Bucketing;
    readonly seed: number;
    readonly orderOf: (epoch: number) => Order;
  },
) {
  const isWhole = Number.isInteger(window) && Number.isInteger(together);
  if (!(isWhole && together > 0 && window > 0 && window % together === 0)) {
    throw new RangeError(
      `orderedSource: expected windows of whole groups, got ${window} rows ` +
        `in groups of ${together}`,
    );
  }
  const lengthsOf = rows.lengths?.bind(rows) ?? textLengths(rows);
  const windowOf = async (epoch: number, w: number): Promise<number[]> => {
    const places = range(w * window, Math.min((w + 1) * window, rows.length));
    const found = places.map(orderOf(epoch));
    const lengths = await lengthsOf(found);
    const sorted = found
      .map((_, i) => i)
      .sort((a, b) => lengths[b] - lengths[a] || a - b);
    const nWhole = Math.floor(found.length / together);
    const groupAt =
      nWhole > 0 ? permutation(nWhole, "groups", seed, epoch, w) : undefined;
    return found.map((_, i) => {
      const group = Math.floor(i / together);
      // The epoch's last group may be smaller, and stays where it is.
      const from = group < nWhole ? groupAt!(group) : group;
      return found[sorted[from * together + (i % together)]];
    });
  };
  const known = latest((name: string) => {
    const [epoch, w] = name.split("/").map(Number);
    return windowOf(epoch, w);
  });
  return async (epoch: number, from: number, to: number) => {
    const found: number[] = [];
    for (let at = from; at < to; ) {
      const w = Math.floor(at / window);
      const end = Math.min(to, (w + 1) * window);
      const own = await known(`${epoch}/${w}`);
      found.push(...own.slice(at - w * window, end - w * window));
      at = end;
    }
    return found;
  };
}

function textLengths(rows: Rows) {
  return async (wanted: readonly number[]) =>
    (await rows.read(wanted)).map(
      ({ answer, question }) => question.length + answer.length,
    );
}

/** Keeps what was made last. */
function latest<K, V>(make: (key: K) => V): (key: K) => V {
  let known: { readonly key: K; readonly value: V } | undefined;
  return (key) => {
    if (known?.key !== key) known = { key, value: make(key) };
    return known.value;
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
