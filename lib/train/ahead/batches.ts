import { isDeepStrictEqual } from "node:util";
import { Crew } from "../../threads/crew.ts";
import type { Workplace } from "../../threads/workplace.ts";
import type { PlainBatch } from "../plain-batch.ts";
import { openLookAhead } from "./look-ahead.ts";
import { batchWorkplace, makeBatch, type Recipe, type Span } from "./make.ts";

/** How many micro-batches lie ready; not in the paper. */
const usual = 4;

/**
 * Batches are made before their step asks for them. Not in the paper.
 *
 * ```ts
 * // data.ts
 * export const open = ({ folder }) => ({ source, sounds, writer });
 * // the plan
 * const ingredients = { module, name: "open", given: { folder } };
 * const ahead = { workers: { n: 2, ingredients } };
 * ```
 */
export interface Ahead {
  /** How many micro-batches at most; default 4. */
  readonly batches?: number;
  /**
   * Who makes them. Without any, as for a source that no other thread can open,
   * the main thread does, between steps.
   */
  readonly workers?: Workers;
}

/** Threads that open what batches are made of on their own. */
export interface Workers {
  readonly n: number;
  /**
   * How they do: a function of its argument alone, which gives the source,
   * sounds and writer that the main thread has.
   */
  readonly ingredients: Workplace;
  /** Milliseconds for a batch, after which its thread is ended; default 10 min. */
  readonly patience?: number;
}

/** The plain halves of a training's batches. */
export interface Batches {
  /** How they are made, for a run's report. */
  readonly making: string;
  /**
   * @throws what its making threw, with its place; Error where its thread ended
   */
  at(step: number, micro: number): Promise<PlainBatch>;
  /** Ends the threads, and the waiting of who asks. */
  close(): Promise<void>;
}

export interface BatchesPlan {
  readonly recipe: Recipe;
  /** Examples of a micro-batch. */
  readonly microBatchSize: number;
  readonly nMicroBatches: number;
  readonly steps: number;
  /** Default none: each batch is made when it is asked for. */
  readonly ahead?: Ahead;
  /** Its reason ends the waiting of who asks, and the threads. */
  readonly signal?: AbortSignal;
}

/**
 * Opens the making of batches. They are the same, to the byte, whoever makes
 * them and whenever.
 *
 * The first batch of threads is made here too and compared: what they open
 * could be something else.
 */
export function openBatches(plan: BatchesPlan): Batches {
  const { ahead, microBatchSize, nMicroBatches, recipe, signal, steps } = plan;
  checkAhead(ahead);
  const spanOf = (n: number): Span => {
    return { from: n * microBatchSize, count: microBatchSize };
  };
  let isOpen = true;
  const here = async (n: number) => {
    if (!isOpen) throw closed();
    return makeBatch(spanOf(n), recipe);
  };
  const crew = ahead?.workers && crewOf(ahead.workers, recipe);
  const { batches = usual } = ahead ?? { batches: 0 };
  const inTime = ahead ? inTurn(here) : here;
  const made = openLookAhead<PlainBatch>(
    crew ? (n) => crew.run(spanOf(n)) : inTime,
    { ahead: batches, end: steps * nMicroBatches },
  );
  const close = async (reason: unknown) => {
    isOpen = false;
    made.stop(reason);
    await crew?.close();
  };
  const stop = () => void close(signal!.reason);
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop);
  let isCompared = !crew;
  return {
    making: inWords(ahead),
    at: async (step, micro) => {
      const n = step * nMicroBatches + micro;
      try {
        const batch = await made.at(n);
        if (!isCompared) compare(batch, await here(n), ahead!.workers!);
        isCompared = true;
        return batch;
      } catch (error) {
        throw signal?.aborted ? error : placed(error, step, spanOf(n));
      }
    },
    close: async () => {
      signal?.removeEventListener("abort", stop);
      await close(closed());
    },
  };
}

const closed = () =>
  new Error("batchAt: expected open batches, got closed ones");

function crewOf(
  { ingredients, n, patience = 600_000 }: Workers,
  { lengths, tokens }: Recipe,
): Crew<Span, PlainBatch> {
  const workplace = batchWorkplace({ ingredients, lengths, tokens });
  return new Crew(workplace, { size: n, patience });
}

/** One after another, each after what waits its turn: a step goes before it. */
function inTurn<Made>(make: (n: number) => Promise<Made>) {
  let last: Promise<unknown> = Promise.resolve();
  return (n: number): Promise<Made> => {
    const turn = last
      .then(() => new Promise((resolve) => setImmediate(resolve)))
      .then(() => make(n));
    last = turn.catch(() => {}); // heard at its place
    return turn;
  };
}

function compare(
  got: PlainBatch,
  expected: PlainBatch,
  { ingredients }: Workers,
): void {
  if (isDeepStrictEqual(got, expected)) return;
  throw new RangeError(
    "openBatches: expected of a thread the batch that is made here, got " +
      `another; ${ingredients.name} must open the same source, sounds and ` +
      `prompts there (${ingredients.module})`,
  );
}

/** A fault with the step at which it is heard. */
function placed(fault: unknown, step: number, { count, from }: Span): Error {
  const cause = fault instanceof Error ? fault : new Error(String(fault));
  const [Kind = Error] = [RangeError, TypeError].filter(
    (one) => cause instanceof one,
  );
  const place = `step ${step}, examples ${from} to ${from + count - 1}`;
  return new Kind(`${cause.message} (${place})`, { cause });
}

function checkAhead({ batches = 1, workers }: Ahead = {}): void {
  for (const [what, n] of [
    ["batches", batches],
    ["threads", workers?.n ?? 1],
  ] as const) {
    if (Number.isInteger(n) && n > 0) continue;
    throw new RangeError(
      `openBatches: expected a whole number of ${what} from 1, got ${n}`,
    );
  }
}

function inWords(ahead: Ahead | undefined): string {
  if (!ahead) return "batches are made when their step asks for them";
  const { batches = usual, workers } = ahead;
  const [n, threads] = [workers?.n, workers?.n === 1 ? "thread" : "threads"];
  const who = n
    ? `in ${n} worker ${threads}`
    : "on the main thread, between steps";
  return `batches are made ${who}, at most ${batches} ahead`;
}
