import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../../lib/files/atomic.ts";
import type { Measurement, Task } from "./tasks.ts";

/** All rounds of one contender at one size. */
export interface Row {
  readonly size: string;
  readonly contender: string;
  readonly dtype: Task["dtype"];
  readonly description: string;
  readonly median: number; // ms a token
  readonly min: number; // ms a token
  /** Of the weights' bytes, at the fastest token. */
  readonly gigabytesPerSecond: number;
  readonly peakGiB: number;
  readonly generatingGiB: number;
  readonly tokens: readonly number[];
  /** GB/s of a sum, measured beside it: ours alone. */
  readonly bandwidths: readonly number[];
}

export function rowOf(
  name: Pick<Row, "size" | "contender" | "dtype">,
  answers: readonly Measurement[],
): Row {
  // The first of these has the recording, the second the compiling.
  const times = answers.flatMap((answer) => answer.times.slice(2));
  const sorted = times.sort((a, b) => a - b);
  const [{ description, parameters, tokens }] = answers;
  const bytes = (name.dtype === "float32" ? 4 : 2) * parameters;
  return {
    ...name,
    description,
    median: sorted[sorted.length >> 1],
    min: sorted[0],
    gigabytesPerSecond: bytes / sorted[0] / 1e6,
    peakGiB: Math.max(...answers.map(({ peakGiB }) => peakGiB)),
    generatingGiB: Math.max(...answers.map((one) => one.generatingGiB)),
    tokens,
    bandwidths: answers.flatMap(({ bandwidths = [] }) => bandwidths),
  };
}

const headings = [
  "parameters",
  "contender",
  "type",
  "ms a token, median",
  "min",
  "GB/s of weights",
  "peak GiB",
  "while generating",
];

export function tableOf(rows: readonly Row[]): string[][] {
  return [
    headings,
    ...rows.map((row) => [
      row.size,
      row.contender,
      row.dtype,
      row.median.toFixed(1),
      row.min.toFixed(1),
      row.gigabytesPerSecond.toFixed(1),
      row.peakGiB.toFixed(1),
      row.generatingGiB.toFixed(1),
    ]),
  ];
}

/** Writes results/NAME.json and NAME.md; with the notes where they are of it. */
export function keep(
  name: string,
  kept: {
    readonly facts: Readonly<Record<string, string>>;
    readonly verdict: readonly string[];
    readonly rows: readonly Row[];
  },
): string {
  const folder = join(import.meta.dirname, "..", "results");
  const list = (lines: readonly string[]) =>
    lines.map((line) => `- ${line}`).join("\n");
  const [head, ...rest] = tableOf(kept.rows);
  const table = [head, head.map(() => "---"), ...rest];
  const markdown = [
    "# A token after the other, against transformers",
    list(Object.entries(kept.facts).map(([key, value]) => `${key}: ${value}`)),
    table.map((cells) => `| ${cells.join(" | ")} |`).join("\n"),
    list(kept.verdict),
    ...(name === "decoding" ? [notes()] : []),
  ].join("\n\n");
  const json = JSON.stringify(kept, null, 2);
  writeWhole(join(folder, `${name}.json`), `${json}\n`);
  writeWhole(join(folder, `${name}.md`), `${markdown}\n`);
  return folder;
}

const notes = () =>
  readFileSync(join(import.meta.dirname, "notes.md"), "utf8").trim();
