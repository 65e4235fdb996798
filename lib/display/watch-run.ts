import { randomUUID } from "node:crypto";
import { type CurveOptions, type CurveRow, curves } from "../figure/curves.ts";
import type { Figure } from "../figure/figure.ts";
import { currentScreen, type Publish, type Screen } from "./kernel.ts";
import { type Progress, progress } from "./progress.ts";
import { show, sketch } from "./show.ts";

/** A run as its curve names it, and the words around the figure. */
export interface WatchedRun extends Omit<CurveOptions, "axis"> {
  readonly design: string;
  readonly seed: number;
  /** "Loss (nats per token)" unless given. */
  readonly axis?: string;
  /**
   * What is drawn beside it from the start: other runs, and of a run that goes
   * on, its own earlier steps.
   */
  readonly before?: readonly CurveRow[];
}

export interface RunWatch {
  /** Takes a step's report; a loss that is absent moves the bar alone. */
  readonly onStep: (report: {
    readonly step: number;
    readonly steps: number;
    readonly loss?: number;
  }) => void;
  /**
   * Ends the bar, and shows and stores the figure, also of a run that was
   * interrupted; there is none where no loss was told.
   */
  readonly end: () => Promise<void>;
}

export interface WatchOptions {
  /** Gets the figure, as `show` writes it. */
  readonly folder: string;
  readonly screen?: Screen;
  /** Called when the figure is stored. */
  readonly onFigure?: () => void;
  /** Seconds from one drawing to the next, at least; default 10. */
  readonly every?: number;
  /** Milliseconds since any fixed moment. */
  readonly now?: () => number;
}

/** A drawing takes no more than this share of the time: training waits. */
const mostShare = 1 / 20;

/**
 * Shows a training while it runs: a bar, and in a notebook its loss curve in
 * one display that is drawn again; elsewhere the bar alone.
 *
 * A drawing takes some 0.2 s of the training's time, the first one two seconds.
 */
export function watchRun(run: WatchedRun, options: WatchOptions): RunWatch {
  const { folder, now, screen = currentScreen() } = options;
  const { axis = "Loss (nats per token)", before = [], design, seed } = run;
  const rows: CurveRow[] = [...before];
  const figure = () => curves(rows, { ...run, axis });
  const place = screen.publish && inPlace(screen.publish);
  const sketches = place && sketcher(place, options);
  let bar: { readonly tick: Progress["tick"]; done(): void } | undefined;
  let reached = 0;
  let isEnded = false;
  return {
    onStep({ loss, step, steps }) {
      if (isEnded) {
        throw new Error(
          `watchRun: expected no step after the end, got ${step} (${run.name})`,
        );
      }
      if (bar === undefined) {
        reached = step - 1;
        const from = reached > 0 ? `, from step ${reached}` : "";
        const label = `${design}, seed ${seed}${from}`;
        bar = progress(steps - reached, label, { screen, now });
      }
      const note = loss === undefined ? undefined : `loss ${loss.toFixed(3)}`;
      bar.tick(step - reached, note);
      reached = step;
      if (loss === undefined) return;
      rows.push({ design, seed, step, value: loss });
      sketches?.draw(figure);
    },
    async end() {
      if (isEnded) return;
      isEnded = true;
      bar?.done();
      await sketches?.settled();
      if (rows.length > before.length) {
        await show(figure(), {
          folder,
          screen: { ...screen, publish: place },
          wordsTo: screen.publish,
        });
        options.onFigure?.();
      }
      sketches?.check();
    },
  };
}

/** Publishes into one display: what comes takes the place of what was. */
function inPlace(publish: Publish): Publish {
  const transient = { display_id: randomUUID() };
  let isThere = false;
  return (bundle) => {
    publish({ ...bundle, transient }, isThere);
    isThere = true;
  };
}

/** Draws now and then, one drawing at a time, between the training's steps. */
function sketcher(
  publish: Publish,
  { every = 10, now = () => performance.now() }: WatchOptions,
) {
  let next = now() + 1000 * every;
  let current: Promise<void> | undefined;
  let fault: { readonly cause: unknown } | undefined;
  const draw = async (figure: Figure) => {
    const begun = now();
    try {
      await sketch(figure, publish);
    } catch (cause) {
      fault = { cause };
    }
    const took = now() - begun;
    next = now() + Math.max(1000 * every, took / mostShare);
    current = undefined;
  };
  return {
    draw(figure: () => Figure) {
      if (current !== undefined || fault !== undefined || now() < next) return;
      current = draw(figure());
    },
    /** Waits for a drawing that is under way. */
    settled: async () => current,
    /** Throws what stopped a drawing, after which there was none. */
    check() {
      if (fault === undefined) return;
      const { cause } = fault;
      throw new Error(
        `watchRun: expected a figure to be drawn, got "${
          cause instanceof Error ? cause.message : cause
        }"`,
        { cause },
      );
    },
  };
}
