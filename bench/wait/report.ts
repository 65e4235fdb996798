import { join } from "node:path";
import { writeWhole } from "../../lib/files/atomic.ts";
import type { Padding } from "./padding.ts";
import type { Measurement, Way } from "./ways.ts";

/** One line of the table: of the round in which the step waited least. */
export interface Row extends Way {
  readonly meanWait: number; // ms
  readonly largestWait: number; // ms
  /** Of all rounds: what a quiet moment shows. */
  readonly leastWait: number; // ms
  readonly leastStep: number; // ms
  /** The least of the rounds' means: a step, its waiting included. */
  readonly meanStep: number; // ms
  /** The least of the rounds: of all threads, a step. */
  readonly processor: number; // ms
  readonly peakGiB: number;
}

export function rowOf(way: Way, rounds: readonly Measurement[]): Row {
  const of = (numbers: readonly number[]) =>
    numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const [best] = rounds.toSorted((a, b) => of(a.waits) - of(b.waits));
  return {
    ...way,
    meanWait: of(best.waits),
    largestWait: Math.max(...best.waits),
    leastWait: Math.min(...rounds.flatMap(({ waits }) => waits)),
    leastStep: Math.min(...rounds.flatMap(({ steps }) => steps)),
    meanStep: Math.min(...rounds.map(({ steps }) => of(steps))),
    processor: Math.min(...rounds.map(({ processor }) => processor)),
    peakGiB: Math.min(...rounds.map(({ peakGiB }) => peakGiB)),
  };
}

const threads = (who: Way["who"]) =>
  typeof who === "number" ? `${who} worker${who === 1 ? "" : "s"}` : who;

export function waitTable(rows: readonly Row[]): string[][] {
  return [
    [
      ...["features", "batches made by", "mean wait ms", "largest", "least"],
      ...["mean step ms", "least", "processor ms a step", "peak GiB"],
    ],
    ...rows.map((row) => [
      row.road,
      threads(row.who),
      row.meanWait.toFixed(2),
      row.largestWait.toFixed(2),
      row.leastWait.toFixed(2),
      row.meanStep.toFixed(1),
      row.leastStep.toFixed(1),
      row.processor.toFixed(0),
      row.peakGiB.toFixed(2),
    ]),
  ];
}

export function paddingTable(paddings: readonly Padding[]): string[][] {
  return [
    ["rows", "filling by chance", "grouped by length"],
    ...paddings.map(({ byChance, byLength, rows }) => [
      rows,
      `${byChance.toFixed(1)} %`,
      `${byLength.toFixed(1)} %`,
    ]),
  ];
}

interface Kept {
  readonly facts: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  readonly paddings: readonly Padding[];
}

/** Writes results/wait.json and wait.md. */
export function keep({ facts, paddings, rows }: Kept): string {
  const folder = join(import.meta.dirname, "..", "results");
  const table = ([headings, ...cells]: string[][]) =>
    [headings, headings.map(() => "---"), ...cells]
      .map((line) => `| ${line.join(" | ")} |`)
      .join("\n");
  const markdown = [
    "# How long a training step waits for its batches",
    Object.entries(facts)
      .map(([key, value]) => `- ${key}: ${value}`)
      .join("\n"),
    table(waitTable(rows)),
    "Stage 1 of the toy world at lab scale (delayed-fusion, two micro-batches of " +
      "16 a step), at most four micro-batches ahead. Wait is `waitMs`: what is " +
      "left of making a batch when its step asks for it, its tensors and, on " +
      "the fly, the network on the main thread included. On the fly the clips " +
      "are WAV files of 2 s, the encoder a small untrained SSLAM. In one road " +
      "all losses are the same bits, whoever makes the batches. Of several " +
      "rounds the wait is that of the round with the least, the step the least " +
      "mean.",
    table(paddingTable(paddings)),
    "Filling is the share of tokens that are none, over an epoch. In the toy " +
      "world every batch has the one length of 20 tokens, so that grouping " +
      "saves nothing; the invented lengths show what it can do, not what it " +
      "does on any data.",
  ].join("\n\n");
  writeWhole(join(folder, "wait.md"), `${markdown}\n`);
  const json = JSON.stringify({ facts, rows, paddings }, null, 2);
  writeWhole(join(folder, "wait.json"), `${json}\n`);
  return folder;
}
