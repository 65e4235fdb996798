import { randomUUID } from "node:crypto";
import { currentScreen, type Screen } from "./kernel.ts";
import {
  finalLine,
  type ProgressState,
  progressHtml,
  progressLine,
} from "./progress-text.ts";

/** A bar that grows: hand `tick` to a loop, and call `done` after it. */
export interface Progress {
  /**
   * Counts `n` more steps, one unless given.
   *
   * @param note - a few words on the last of them: "loss 0.41"
   */
  readonly tick: (n?: number, note?: string) => void;
  /** Takes the bar off a terminal until its next drawing: for another line. */
  readonly hide: () => void;
  /** Leaves one line with the count and the time; the bar is gone. */
  readonly done: () => void;
}

export interface ProgressOptions {
  readonly screen?: Screen;
  /** Milliseconds since any fixed moment. */
  readonly now?: () => number;
  /**
   * Seconds to the end, where steps cost so differently that their mean says
   * little; undefined while nobody knows.
   */
  readonly secondsLeft?: () => number | undefined;
}

/** Milliseconds between two drawings: fast enough to look alive. */
const pause = { cell: 250, terminal: 100 } as const;

/**
 * Shows how far a loop has come, how fast it is, and the time left.
 *
 * In a cell one display is updated; in a terminal one line; elsewhere a new
 * line appears with each tenth of the way.
 *
 * @param total - steps to come, or undefined where nobody knows
 */
export function progress(
  total: number | undefined,
  label: string,
  options: ProgressOptions = {},
): Progress {
  const { now = () => performance.now(), screen = currentScreen() } = options;
  if (total !== undefined && !(total > 0 && Number.isFinite(total))) {
    throw new RangeError(
      `progress: expected a total above 0 or undefined, got ${total} ` +
        `(${label})`,
    );
  }
  const start = now();
  let count = 0;
  let note = "";
  let isDone = false;
  const state = (): ProgressState => ({
    label,
    total,
    count,
    note,
    seconds: (now() - start) / 1000,
    secondsLeft: options.secondsLeft?.(),
  });
  const view = viewOn(screen, now);
  view.draw(state());
  return {
    tick(n = 1, newNote = note) {
      if (isDone) {
        throw new Error(`progress: expected no tick after done (${label})`);
      }
      if (!(n >= 0 && Number.isFinite(n))) {
        throw new RangeError(
          `progress: expected to count 0 or more steps, got ${n} (${label})`,
        );
      }
      count += n;
      note = newNote;
      view.draw(state());
    },
    hide: () => {
      if (!isDone) view.hide?.();
    },
    done() {
      if (isDone) return;
      isDone = true;
      view.end(state());
    },
  };
}

/** How one kind of screen shows a state. */
interface View {
  draw(state: ProgressState): void;
  /** Where a bar and a line would share a place. */
  hide?(): void;
  end(state: ProgressState): void;
}

function viewOn(screen: Screen, now: () => number): View {
  if (screen.publish !== undefined) return cellView(screen, now);
  return screen.columns === undefined
    ? logView(screen)
    : terminalView(screen, now);
}

function cellView({ publish }: Screen, now: () => number): View {
  const transient = { display_id: randomUUID() };
  const isDue = throttle(pause.cell, now);
  let isFirst = true;
  const put = (data: Record<string, string>) => {
    publish?.({ data, transient }, !isFirst);
    isFirst = false;
  };
  return {
    draw(state) {
      if (!isDue()) return;
      const html = progressHtml(state);
      put({ "text/html": html, "text/plain": progressLine(state) });
    },
    // Without HTML: the line is all that a saved notebook keeps.
    end: (state) => put({ "text/plain": finalLine(state) }),
  };
}

function terminalView(
  { columns = 80, write }: Screen,
  now: () => number,
): View {
  const isDue = throttle(pause.terminal, now);
  // Back to the line's start and clear to its end, the next text over it.
  const over = (text: string) => write(`\r\x1b[K${text}`);
  // A program that ends meanwhile leaves the shell a line of its own.
  const leaveLine = () => write("\n");
  process.once("exit", leaveLine);
  return {
    draw(state) {
      // A line that wraps could not be written over.
      if (isDue()) over(progressLine(state).slice(0, columns - 1));
    },
    hide: () => over(""),
    end(state) {
      process.off("exit", leaveLine);
      over(`${finalLine(state)}\n`);
    },
  };
}

function logView({ write }: Screen): View {
  let tenths = 0;
  return {
    draw(state) {
      const { count, total } = state;
      // Ten lines where the end is known, and one for each doubling elsewhere.
      const reached = total
        ? Math.floor((10 * count) / total)
        : Math.floor(Math.log2(Math.max(1, count)));
      if (reached <= tenths || (total && count >= total)) return;
      tenths = reached;
      write(`${progressLine(state)}\n`);
    },
    end: (state) => write(`${finalLine(state)}\n`),
  };
}

/** True at the first call, and then at most once in `milliseconds`. */
function throttle(milliseconds: number, now: () => number): () => boolean {
  let next = Number.NEGATIVE_INFINITY;
  return () => {
    const time = now();
    if (time < next) return false;
    next = time + milliseconds;
    return true;
  };
}
