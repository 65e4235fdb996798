import { readFileSync } from "node:fs";

/** What a training tells after each optimizer step. */
export interface StepMetrics {
  /** Steps done, this one included: 1 after the first. */
  readonly step: number;
  /** Of the step's batch, in nats per token. */
  readonly loss: number;
  /** The learning rate that the step took. */
  readonly rate: number;
  /**
   * Length of the gradient before clipping, by what a parameter group is named
   * by; "" is the group of all.
   */
  readonly gradientNorms: Readonly<Record<string, number>>;
  readonly tokensPerSecond: number;
  /** Time that the step waited for its batch, in milliseconds. */
  readonly waitMs: number;
}

/** The same as a line of `metrics.jsonl`, with what the log adds. */
export interface MetricsLine extends StepMetrics {
  /** What the process holds of the machine's memory, in bytes. */
  readonly rssBytes: number;
  /** What tensors hold, by tfjs's count, in bytes. */
  readonly tensorBytes: number;
  /** Wall time that the run has taken, earlier sessions with it. */
  readonly seconds: number;
  /** When the step ended, as an ISO 8601 date in UTC. */
  readonly time: string;
}

const numberNames = [
  ...["step", "loss", "rate", "tokensPerSecond", "waitMs"],
  ...["rssBytes", "tensorBytes", "seconds"],
];

/** A line, its end included. JSON has no NaN and no Infinity: they are texts. */
export function metricsText(line: MetricsLine): string {
  const text = JSON.stringify(line, (_, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value)
      ? String(value)
      : value,
  );
  return `${text}\n`;
}

/** The whole lines of a log, and the bytes that they take. */
export interface WholeLines {
  readonly lines: readonly MetricsLine[];
  /** Where each line ends in the file, in bytes. */
  readonly ends: readonly number[];
}

/**
 * Reads `metrics.jsonl`, one line for each step from the first.
 *
 * What follows the last line's end is a line that is being written, or was when
 * the run was killed: it is no line yet, and is left out.
 *
 * @throws TypeError for a line that is damaged; RangeError for steps that do
 * not follow each other
 */
export function readMetrics(path: string): readonly MetricsLine[] {
  return wholeLines(path).lines;
}

export function wholeLines(path: string): WholeLines {
  const bytes = readFileSync(path);
  const lines: MetricsLine[] = [];
  const ends: number[] = [];
  for (let start = 0; ; ) {
    const end = bytes.indexOf("\n", start) + 1;
    if (end === 0) return { lines, ends };
    const where = `${path}, line ${lines.length + 1}`;
    const line = parseLine(bytes.toString("utf8", start, end), where);
    if (line.step !== lines.length + 1) {
      throw new RangeError(
        `readMetrics: expected step ${lines.length + 1}, got ${line.step} ` +
          `(${where}); go on from another checkpoint, or begin the run anew`,
      );
    }
    lines.push(line);
    ends.push(end);
    start = end;
  }
}

function parseLine(text: string, where: string): MetricsLine {
  const fields = jsonObject(text, where);
  const number = (name: string, value: unknown): number => {
    if (typeof value === "number") return value;
    if (/^(NaN|-?Infinity)$/.test(String(value))) return Number(value);
    throw damaged(`a number as "${name}"`, value, where);
  };
  const numbers = numberNames.map((name) => [name, number(name, fields[name])]);
  const { gradientNorms, time } = fields;
  if (typeof gradientNorms !== "object" || gradientNorms === null) {
    throw damaged(`an object as "gradientNorms"`, gradientNorms, where);
  }
  if (typeof time !== "string" || Number.isNaN(Date.parse(time))) {
    throw damaged('a date as "time"', time, where);
  }
  const norms = Object.entries(gradientNorms).map(([name, value]) => [
    name,
    number(`gradientNorms.${name}`, value),
  ]);
  return {
    ...Object.fromEntries(numbers),
    gradientNorms: Object.fromEntries(norms),
    time,
  };
}

function jsonObject(text: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damaged("JSON", text.slice(0, 40), where, cause);
  }
  if (typeof value === "object" && value !== null) {
    return value as Record<string, unknown>;
  }
  throw damaged("an object", value, where);
}

function damaged(
  expected: string,
  got: unknown,
  ...[where, cause]: readonly [string, unknown?]
): TypeError {
  return new TypeError(
    `readMetrics: expected ${expected}, got ${JSON.stringify(got)} ` +
      `(${where}); the file is damaged, begin the run anew`,
    { cause },
  );
}
