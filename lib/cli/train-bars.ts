import { currentScreen, type Screen } from "../display/kernel.ts";
import { type Progress, progress } from "../display/progress.ts";
import type { PartReport } from "../world/train.ts";

/** Bars of parts that follow each other, and lines between them. */
export interface Bars {
  readonly onStep: (report: PartReport) => void;
  /** Prints a line, over the bar. */
  readonly say: (line: string) => void;
  readonly end: () => void;
}

/**
 * A bar for each part, with its loss and the time left; where output is no
 * terminal, a line now and then.
 */
export function openBars(
  print: (line: string) => void,
  { screen = currentScreen(), now }: BarOptions = {},
): Bars {
  let bar: Progress | undefined;
  let current = "";
  let reached = 0;
  const end = () => {
    bar?.done();
    bar = undefined;
    current = "";
  };
  return {
    onStep({ loss, part, step, steps }) {
      if (part !== current) {
        end();
        current = part;
        reached = step - 1;
        bar = progress(steps - reached, part, { screen, now });
      }
      const note = loss === undefined ? "" : `loss ${loss.toFixed(3)}`;
      bar!.tick(step - reached, note);
      reached = step;
      if (step === steps) end();
    },
    say(line) {
      bar?.hide();
      print(line);
    },
    end,
  };
}

interface BarOptions {
  readonly screen?: Screen;
  /** Milliseconds since any fixed moment. */
  readonly now?: () => number;
}
