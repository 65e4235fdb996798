import type { Grid } from "../encoder/encoder.ts";
import type { CostSequence } from "../pal/cost/cost.ts";
import { type CostScale, costScale, type ScaleName } from "./cost-scales.ts";
import { meant, readCommandLine } from "./options.ts";

const scaleNames: readonly ScaleName[] = ["paper", "lab"];

export const usage = `npm run pal -- cost [options]

Prints what the designs cost, side by side, by formula.

  --scale SCALE  ${scaleNames.join(" or ")}; both unless given
  --text N       text tokens of a clip
  --answer N     text positions whose next token is scored
  --query SxB    the audio tokens' grid, steps x bands, such as 32x2
  --json         rows as JSON, at full precision`;

/** A scale, with the sequence that the command line asks for. */
export interface AskedScale {
  readonly scale: CostScale;
  readonly sequence: Required<Pick<CostSequence, "T" | "answer">>;
  readonly query: Grid;
}

export interface CostOptions {
  readonly scales: readonly AskedScale[];
  readonly json: boolean;
  readonly help: boolean;
}

/** Reads the command line; throws with a line that says what is wrong. */
export function readCostOptions(args: readonly string[]): CostOptions {
  const { values } = readCommandLine("cost", {
    args: [...args],
    options: {
      scale: { type: "string" },
      text: { type: "string" },
      answer: { type: "string" },
      query: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const { answer, help, json, query, scale, text } = values;
  const T = text === undefined ? undefined : countOf("--text", text);
  const scored = answer === undefined ? undefined : countOf("--answer", answer);
  const grid = query === undefined ? undefined : gridOf(query);
  const asked = (name: ScaleName): AskedScale => {
    const scale = costScale(name);
    const sequence = {
      T: T ?? scale.T,
      answer: scored ?? Math.min(scale.answer, T ?? scale.T),
    };
    return { scale, sequence, query: grid ?? scale.connector.query };
  };
  const names = scale === undefined ? scaleNames : [scaleNamed(scale)];
  return { help, json, scales: help ? [] : names.map(asked) };
}

function scaleNamed(name: string): ScaleName {
  const found = scaleNames.find((known) => known === name);
  if (found) return found;
  throw new RangeError(
    `cost: unknown scale "${name}"${meant(name, scaleNames)}; ` +
      `known: ${scaleNames.join(", ")}`,
  );
}

function countOf(option: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new RangeError(
    `cost: expected ${option} as a whole number above 0, got "${text}"`,
  );
}

function gridOf(text: string): Grid {
  const [, steps, bands] = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(text) ?? [];
  if (bands !== undefined) return { steps: +steps, bands: +bands };
  throw new RangeError(
    `cost: expected --query as steps x bands, such as 32x2, got "${text}"`,
  );
}
