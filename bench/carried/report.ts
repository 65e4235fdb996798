import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Task } from "../step/tasks.ts";
import type { Form, Measurement, Time } from "./tasks.ts";

/** All that was measured of one form of one task. */
export interface Measured {
  readonly form: Form;
  readonly task: Task;
  /** A process each. */
  readonly timed: readonly Measurement[];
  readonly memory: Measurement;
}

/** One line of the table; times in milliseconds. */
export interface Row {
  readonly size: string;
  readonly form: Form;
  readonly parameters: number;
  readonly median: number;
  readonly min: number;
  /** Of the processor, by medians and minima. */
  readonly medianProcessor: number;
  readonly minProcessor: number;
  /** The timed process's peak, oneDNN's pool included. */
  readonly processGiB: number;
  /** Peaks of recording and of steps without a pool. */
  readonly recordingGiB: number;
  readonly stepsGiB: number;
  /** Processor's, of the fastest round: see `Changes`. */
  readonly made: number;
  readonly back: number;
  readonly toAndFro: number;
  readonly lastLoss: number;
}

export function rowOf({ form, memory, task, timed }: Measured): Row {
  const times = timed.flatMap((answer) => answer.times);
  const walls = sorted(times.map(({ wall }) => wall));
  const processors = sorted(times.map(({ processor }) => processor));
  const least = (pick: (answer: Measurement) => Time) =>
    Math.min(...timed.map((answer) => pick(answer).processor));
  return {
    size: task.size,
    form,
    parameters: memory.parameters,
    median: walls[walls.length >> 1],
    min: walls[0],
    medianProcessor: processors[processors.length >> 1],
    minProcessor: processors[0],
    processGiB: Math.max(
      ...timed.flatMap((one) => [one.recordingGiB, one.stepsGiB]),
    ),
    recordingGiB: memory.recordingGiB,
    stepsGiB: memory.stepsGiB,
    made: least(({ changes }) => changes!.made),
    back: least(({ changes }) => changes!.back),
    toAndFro: least(({ changes }) => changes!.toAndFro),
    lastLoss: timed[0].losses.at(-1)!,
  };
}

const sorted = (numbers: readonly number[]) =>
  [...numbers].sort((a, b) => a - b);

/** What carrying does to time and memory, size by size. */
export function verdictOf(rows: readonly Row[]): string[] {
  const carried = rows.filter(({ form }) => form === "carried");
  return carried.map((row) => {
    const { size } = row;
    const before = rows.find(
      (one) => one.size === size && one.form === "in and out",
    )!;
    const ratio = (pick: (one: Row) => number) =>
      (pick(row) / pick(before)).toFixed(2);
    return (
      `${size}: all losses are the same bits; carried over in and out: ` +
      `${ratio((one) => one.minProcessor)} of the processor's time, ` +
      `${ratio((one) => one.stepsGiB)} of the memory of a step; by the clock, ` +
      `which other work on the machine moves, ` +
      `${ratio((one) => one.median)} by medians and ` +
      `${ratio((one) => one.min)} by minima`
    );
  });
}

const columns: readonly (readonly [string, (row: Row) => string])[] = [
  ["size", (row) => row.size],
  ["state", (row) => row.form],
  ["parameters", (row) => `${(row.parameters / 1e6).toFixed(1)} M`],
  ["median ms", (row) => row.median.toFixed(0)],
  ["min ms", (row) => row.min.toFixed(0)],
  ["processor ms, median", (row) => row.medianProcessor.toFixed(0)],
  ["min", (row) => row.minProcessor.toFixed(0)],
  ["process, peak GiB", (row) => row.processGiB.toFixed(2)],
  ["recording, peak GiB", (row) => row.recordingGiB.toFixed(2)],
  ["steps, peak GiB", (row) => row.stepsGiB.toFixed(2)],
  ["second trace, processor ms", (row) => row.made.toFixed(0)],
  ["back in the first", (row) => row.back.toFixed(0)],
  ["to and fro", (row) => row.toAndFro.toFixed(0)],
];

export function table(rows: readonly Row[]): string[][] {
  return [
    columns.map(([heading]) => heading),
    ...rows.map((row) => columns.map(([, cell]) => cell(row))),
  ];
}

/** Writes results/carried.json and carried.md. */
export function keep({
  facts,
  rows,
  verdict,
}: {
  readonly facts: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  readonly verdict: readonly string[];
}): string {
  const folder = join(import.meta.dirname, "..", "results");
  const [headings, ...cells] = table(rows);
  const lines = [headings, headings.map(() => "---"), ...cells];
  const list = (all: readonly string[]) =>
    all.map((line) => `- ${line}`).join("\n");
  const known = Object.entries(facts).map(([key, value]) => `${key}: ${value}`);
  const markdown = [
    "# A state that goes in and out, and one that stays in the graph",
    list(known),
    lines.map((line) => `| ${line.join(" | ")} |`).join("\n"),
    list(verdict),
    "A step of stage 2 (baseline, 4 x 96 tokens and 64 audio tokens, AdamW). " +
      "Times run from the call until the loss is read and what the step took " +
      "is freed; the processor's are those of all threads together. The " +
      "process's peak holds oneDNN's pool, which keeps what recording took; " +
      "the peaks of recording and of steps are measured apart, without " +
      "oneDNN. Old and new state both exist until a step has succeeded, in " +
      "either form. The last three columns are the cost of a second shape of " +
      "batch: recorded, loaded and the state moved; the first step back in " +
      "the first trace, which TensorFlow plans anew where the state is " +
      "carried; and any later step.",
  ].join("\n\n");
  write(join(folder, "carried.md"), `${markdown}\n`);
  const json = JSON.stringify({ facts, verdict, rows }, null, 2);
  write(join(folder, "carried.json"), `${json}\n`);
  return folder;
}

function write(path: string, text: string): void {
  writeFileSync(`${path}.part`, text);
  renameSync(`${path}.part`, path);
}
